-- Gives a command, bound to the revision and the step that are shown: one that comes late is refused, not misunderstood.
local verb = "VERB"
local status = obj.status or {}
local book = status.headgate or status
local revision = ""
local step = ""
if book.stable ~= nil then
  revision = book.stable.revision
end
if verb == "retry" and book.failed ~= nil then
  revision = book.failed[#book.failed].revision
elseif book.trials ~= nil and book.trials[1] ~= nil then
  revision = book.trials[1].revision
  step = string.format(',"step":%d', book.trials[1].step)
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["headgate.dev/action"] = string.format(
  '{"id":"argocd-%s-%s","verb":"%s","uid":"%s","revision":"%s"%s,"by":"Argo CD"}',
  verb, obj.metadata.resourceVersion, verb, obj.metadata.uid, revision, step
)
return obj
