#include "runner/cli/verb.h"

namespace headway {

// To add a verb: write <name>.cpp beside this file, then name its function here, twice.
AddVerb add_list_command, add_plan_command, add_run_command, add_retry_command, add_cancel_command,
    add_interrupt_command, add_status_command, add_why_command, add_show_command, add_logs_command,
    add_table_command, add_export_command, add_train_command, add_evaluate_command,
    add_fsck_command, add_doctor_command, add_completion_command;

const std::vector<AddVerb*>& commands() {
  static const std::vector<AddVerb*> table{add_list_command,
                                           add_plan_command,
                                           add_run_command,
                                           add_retry_command,
                                           add_cancel_command,
                                           add_interrupt_command,
                                           add_train_command,
                                           add_evaluate_command,
                                           add_status_command,
                                           add_why_command,
                                           add_show_command,
                                           add_logs_command,
                                           add_table_command,
                                           add_export_command,
                                           add_fsck_command,
                                           add_doctor_command,
                                           add_completion_command};
  return table;
}

}  // namespace headway
