-- Which commands a release takes now; the others are shown, but cannot be chosen.
local status = obj.status or {}
local book = status.headgate or status
local trial = book.trials ~= nil and book.trials[1] ~= nil
local concluded = book.concluded ~= nil
local failed = book.failed ~= nil and book.failed[1] ~= nil
local paused = book.paused ~= nil
local actions = {}
actions["pause"] = { ["disabled"] = paused or not trial }
actions["resume"] = { ["disabled"] = not paused }
actions["promote"] = { ["disabled"] = not (trial or concluded) }
actions["promote-full"] = { ["disabled"] = not trial }
actions["abort"] = { ["disabled"] = not trial }
actions["retry"] = { ["disabled"] = trial or not failed }
return actions
