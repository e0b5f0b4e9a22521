/**
 * JSON as it is held of objects at rest: one byte a letter, and a single letter for what stands in nearly every object.
 * It halves what ten thousand releases take; writing it down costs as much as a few lines of a watch.
 */

/** Longer ones first where one begins with another. At most 128. */
const phrases: readonly string[] = [
  '{"metadata":{"creationTimestamp":"',
  '"progressDeadline":"',
  '"headgate.dev/revision":"',
  '"headgate.dev/release":"',
  '"headgate.dev/role":"',
  '"headgate.dev/',
  '"app.kubernetes.io/managed-by":"headgate"',
  '"app.kubernetes.io/',
  '"terminationMessagePath":"/dev/termination-log"',
  '"terminationMessagePolicy":"File"',
  '"terminationGracePeriodSeconds":',
  '"imagePullPolicy":"IfNotPresent"',
  '"imagePullPolicy":"',
  '"restartPolicy":"Always"',
  '"dnsPolicy":"ClusterFirst"',
  '"schedulerName":"default-scheduler"',
  '"securityContext":{',
  '"resources":{',
  '"containerPort":',
  '"containers":[{"name":"',
  '"ports":[{"',
  '"protocol":"TCP"',
  '"targetPort":',
  '"matchLabels":{',
  '"labels":{',
  '"selector":{',
  '"template":{',
  '"annotations":{',
  '"finalizers":["',
  '"deletionTimestamp":"',
  '"generation":',
  '"metadata":{',
  '"spec":{',
  '"services":{"stable":"',
  '","candidate":"',
  '"strategy":{',
  '"canary":{',
  '"steps":[{',
  '"replicas":',
  '"traffic":{',
  '"route":"',
  '"router":"gateway-api"',
  '"settle":"',
  '"analysis":{',
  '"provider":{',
  '"metrics":[{',
  '"interval":"',
  '"failures":',
  '"status":{"observedGeneration":',
  '"lastTransitionTime":"',
  '"observedGeneration":',
  '"phase":"Completed"',
  '"phase":"',
  '"conditions":[{"type":"',
  '"decisions":[{"at":"',
  '"candidates":[{"name":"canary","revision":"',
  '"stable":{"revision":"',
  '"revision":"',
  '"weight":{"wanted":',
  ',"confirmed":',
  '{"weight":',
  '"weight":',
  '"weights":"',
  '"ready":',
  '"reason":{"type":"',
  '"reason":"',
  '"message":"',
  '"action":"',
  '"status":"True"',
  '"status":"False"',
  '"since":"',
  '"next":"',
  '"parentRefs":[{"',
  '"parentRef":{"',
  '"parents":[{"',
  '"controllerName":"',
  '"group":"gateway.networking.k8s.io"',
  '"kind":"Gateway"',
  '"kind":"Service"',
  '"group":""',
  '"rules":[{"',
  '"backendRefs":[{"',
  '"matches":[{"path":{"type":"PathPrefix","value":"/',
  '"matches":[{"',
  '"ResolvedRefs"',
  '"Accepted"',
  '"Reconciling"',
  '"Stalled"',
  '"Ready"',
  '},{"type":"',
  '},{"name":"',
  '"name":"',
  '"port":',
  '"image":"',
  '"value":"',
  '"type":"',
  '"at":"',
  '"env":[{',
  ' serves all traffic',
  'Z","',
]

const firstCode = 0x80
const byPhrase = new Map(
  phrases.map((phrase, index) => [phrase, String.fromCharCode(firstCode + index)]),
)
const anyPhrase = new RegExp(
  phrases.map((phrase) => phrase.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'),
  'g',
)

export function toShorthand(value: unknown): string {
  // Letters from 0x80 on stand for phrases; those of the text itself are written as JSON can write them too.
  const ascii = JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return ascii.replace(anyPhrase, (phrase) => byPhrase.get(phrase) ?? phrase)
}

export function fromShorthand(text: string): unknown {
  return JSON.parse(
    text.replace(/[^\0-\x7f]/g, (code) => phrases[code.charCodeAt(0) - firstCode] ?? ''),
  )
}
