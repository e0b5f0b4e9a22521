/** The page's one clock: what shows an age follows it, once a second, and nothing else is drawn anew. */
import { signal } from '@preact/signals'

export const now = signal(Date.now())

/** Of the server's clock before ours: ages are told by the clock that stamped them. */
const ahead = signal(0)

export function startClock(): void {
  setInterval(tick, 1000)
  document.addEventListener('visibilitychange', tick)
}

function tick(): void {
  now.value = Date.now() + ahead.value
}

/** The server's instant, as its stream tells it; a transport's delay is no reason to set the clock. */
export function setClock(serverNow: number): void {
  const off = serverNow - Date.now()
  if (Math.abs(off - ahead.value) > 2000) ahead.value = off
  tick()
}
