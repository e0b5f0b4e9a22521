-- How Argo CD tells whether a release is well, whichever door it came through: by its conditions and its one reason.
local health = { status = "Progressing", message = "no controller has looked at it yet" }
local status = obj.status
if status == nil then
  return health
end
-- Resources of other doors carry what the engine remembers in a member of its own.
local book = status.headgate or status
if book.phase == nil then
  return health
end
if obj.metadata.generation ~= nil and book.observedGeneration ~= obj.metadata.generation then
  health.message = "the newest change has not been looked at yet"
  return health
end
if type(status.message) == "string" and status.message ~= "" then
  health.message = status.message
elseif book.reason ~= nil and book.reason.message ~= nil then
  health.message = book.reason.message
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "True" then
    if condition.type == "Stalled" or condition.type == "Degraded" then
      health.status = "Degraded"
      return health
    elseif condition.type == "Ready" then
      health.status = "Healthy"
    end
  end
end
if health.status == "Healthy" then
  return health
end
if book.phase == "Paused" or (book.reason ~= nil and book.reason.type == "WaitingForApproval") then
  health.status = "Suspended"
end
return health
