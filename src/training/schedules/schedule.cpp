#include "training/schedules/schedule.h"

#include "config/schema/catalog_tables.h"

namespace headway {

std::vector<ComponentSpec> schedule_table() {
  return Schedules::collect([]<typename Name>() { return ScheduleComponent<Name>::spec(); });
}

const Registry<ScheduleFactory>& schedules() {
  static const Registry<ScheduleFactory> table{"schedule", Schedules::collect([]<typename Name>() {
                                                 return std::pair<std::string, ScheduleFactory*>(
                                                     ScheduleComponent<Name>::spec().name,
                                                     ScheduleComponent<Name>::make);
                                               })};
  return table;
}

}  // namespace headway
