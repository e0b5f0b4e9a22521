/** What moves a release on, by the reason for which it stands: what people can do, or that they need do nothing. */
import type { ReasonType } from '#core/reasons.ts'
import { type Entry, fullName } from './entry.ts'

const own = 'nothing to do; it goes on by itself'
const change = 'change the object; nothing is touched meanwhile'

/** `NAME` stands for the release. */
const advice: Readonly<Record<ReasonType, string>> = {
  Serving: 'nothing to do; the revision that is asked for serves',
  WaitingForPods:
    'if it lasts: `headgate get NAME` shows the pods, `headgate events NAME` what befell them',
  WaitingForEndpoints: "if it lasts: compare the Service's selector and ports with the pods",
  ShiftingTraffic: 'if it lasts: see whether the gateway runs and watches this route',
  Settling: own,
  Draining: own,
  WaitingForPause: 'it goes on by itself; `headgate promote NAME` ends the pause now',
  WaitingForApproval: '`headgate promote NAME` goes on, `headgate abort NAME` turns back',
  WaitingForCommand: 'the next word comes from whoever commands this release',
  WaitingForAnalysis: `${own} once the samples suffice; \`headgate promote NAME --full\` goes past it`,
  WaitingForGate: 'see what the gate lacks; an approval is given by `headgate promote NAME`',
  WaitingForJudgement:
    '`headgate promote NAME --candidate C` ends it by hand, `headgate abort NAME` without a winner',
  WaitingForMetrics:
    'see whether the metric provider runs and has these series; `headgate abort NAME` turns back',
  StepCompleted: own,
  TemplateChanged: own,
  Promoting: own,
  Paused: '`headgate resume NAME` goes on, `headgate abort NAME` turns back',
  DifferenceFound: '`headgate promote NAME` accepts the end where it waits for somebody',
  MaxDurationReached: 'another template, or other candidates, begin anew',
  ConcludedByHand: 'another template, or other candidates, begin anew',
  Retreating: own,
  Aborted: '`headgate retry NAME` tries the same revision again; another template starts a new one',
  AnalysisFailed:
    '`headgate history NAME` has the numbers; another template starts a new release, `headgate retry NAME` tries this one again',
  MetricsMissing: 'mend the metric provider, then `headgate retry NAME`',
  GateRefused:
    'mend what the gate refuses, then `headgate retry NAME`, or release another template',
  ProgressDeadlineExceeded:
    '`headgate events NAME` says what befell it; then another template, or `headgate retry NAME`',
  Superseded: own,
  Withdrawn: own,
  ReturnedToStable: own,
  SpecInvalid: change,
  RivalRelease: 'give one of both other names of Services and route, or delete it',
  RouteMissing: 'create the routing object, with a backend for each Service of the release',
  RouteUnusable:
    'let a rule of the routing object send to all Services of the release and nowhere else',
  RouteRefused: "the route's own conditions say why the gateway refuses it",
  ServiceTaken: 'name another Service in the release',
  ServiceTooWide: 'let the Service select the pods of its role alone',
  WorkloadRefused: 'change the template so that the API server takes it',
  WriteRefused: "see the rights of the controller's service account",
  CommandRefused: 'look at it again, and say what is meant now',
  ExtrasLeftOut: 'set up in the gateway what the router cannot do',
  WaitingForRevision: own,
  Retiring: own,
}

const accepted = '`headgate promote NAME` accepts the end, with `--candidate C` it makes C stable'

const afterwards = `${own} once the samples suffice; \`headgate abort NAME\` takes the promotion back`

/** One sentence for people, commands in backticks. */
export function adviceFor(entry: Entry): string {
  const { book, problems } = entry
  if (book === undefined && problems.length > 0) return change
  if (book === undefined) return 'see whether the controller runs: `kubectl get lease headgate -A`'
  if (book.concluded?.open === true) return accepted.replaceAll('NAME', fullName(entry))
  // After its promotion nothing goes past the analysis, but back.
  if (book.reason.type === 'WaitingForAnalysis' && book.trials[0]?.stage.kind === 'verifying')
    return afterwards.replaceAll('NAME', fullName(entry))
  return advice[book.reason.type].replaceAll('NAME', fullName(entry))
}
