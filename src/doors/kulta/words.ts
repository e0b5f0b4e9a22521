/** The closed lists of words that KULTA's people and programs know from its status. */

export const phases = [
  'Initializing',
  'Progressing',
  'Paused',
  'Preview',
  'Experimenting',
  'Concluded',
  'Completed',
  'Failed',
] as const
export type RolloutPhase = (typeof phases)[number]

export const actions = [
  'Initialize',
  'StepAdvance',
  'Promotion',
  'Rollback',
  'Pause',
  'Resume',
  'Complete',
] as const
export type RolloutAction = (typeof actions)[number]

export const reasons = [
  'AnalysisPassed',
  'AnalysisFailed',
  'PauseDurationExpired',
  'ManualPromotion',
  'ManualRollback',
  'Timeout',
  'Initialization',
] as const
export type RolloutReason = (typeof reasons)[number]
