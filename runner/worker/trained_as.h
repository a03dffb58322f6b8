#pragma once

#include "sweep/evaluation_state.h"
#include "training/finished_trial.h"

namespace headway {

/// What the records of a trial that is done tell of how it was trained.
TrainedAs trained_as(const EvaluationState::Trial& records);

}  // namespace headway
