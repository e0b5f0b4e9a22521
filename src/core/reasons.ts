/**
 * The closed list of reasons: each pass yields exactly one. Every reason has a sentence here and a section of the same
 * name in docs/reasons.md, which a test insists on.
 */

export const reasons = {
  // At rest
  Serving: 'The revision asked for is stable and serves all traffic.',
  // On the way forward
  WaitingForPods: 'Pods of the revision are not ready yet.',
  WaitingForEndpoints: 'The Service does not list enough ready endpoints of the revision yet.',
  ShiftingTraffic: 'New weights are written; the gateway has not accepted them yet.',
  Settling: 'The route is accepted; the gateway is given time to follow its own status.',
  Draining: 'Traffic has left something; it goes once gateways have forgotten it.',
  WaitingForPause: 'The step asks to wait.',
  WaitingForApproval: 'The step waits for somebody to promote.',
  WaitingForCommand: 'The candidate stands where it was told to; the next word comes from outside.',
  WaitingForAnalysis: 'There are not yet enough good samples.',
  WaitingForGate: 'A gate of the step has not let the release pass yet.',
  WaitingForJudgement: 'The experiment runs; nothing has concluded it yet.',
  WaitingForMetrics: 'The metric provider gives nothing to judge, and its policy is to hold.',
  StepCompleted: 'The step is done.',
  TemplateChanged: 'Somebody asked for another template by a command.',
  Promoting: 'All steps are done; the candidate takes the stable role.',
  Paused: 'Somebody paused the release.',
  // The end of an experiment
  DifferenceFound: 'The judge found a difference that chance does not explain.',
  MaxDurationReached: 'The experiment lasted as long as it may; nobody won.',
  ConcludedByHand: 'Somebody, or a command from outside, concluded the experiment.',
  // The way back and what led to it
  Retreating: 'Traffic returns to stable.',
  Aborted: 'Somebody aborted the release.',
  AnalysisFailed: 'A metric had more bad samples than it may have.',
  MetricsMissing: 'The metric provider gave nothing to judge, and its policy is to roll back.',
  GateRefused: 'A gate refused the release, or did not let it pass within its time.',
  ProgressDeadlineExceeded: 'Nothing moved for longer than the progress deadline.',
  Superseded: 'Another revision is asked for; the one on trial is given up.',
  Withdrawn: 'The plan has no such candidate any more; the one on trial is given up.',
  ReturnedToStable: 'The stable revision is asked for again; the one on trial is given up.',
  // Something is in the way
  SpecInvalid: 'The object asks for something that cannot be.',
  RivalRelease: 'Another release governs the same object and came first.',
  RouteMissing: 'The routing object does not exist.',
  RouteUnusable: 'The routing object does not send traffic to the Services of this release.',
  RouteRefused: 'The gateway does not accept the routing object.',
  ServiceTaken: 'A Service of this release belongs to another controller.',
  ServiceTooWide: 'A Service of this release does not select the pods of its role alone.',
  WorkloadRefused: 'The API server refuses the workload.',
  WriteRefused: 'The API server refuses a write.',
  CommandRefused: 'A command came too late, or cannot be; nothing was changed by it.',
  ExtrasLeftOut: 'The router cannot do what the route should do beside splitting traffic.',
  WaitingForRevision: 'The server is asked what it makes of the template.',
  // The end
  Retiring: 'The release is being deleted; traffic returns to stable first.',
} as const

export type ReasonType = keyof typeof reasons
