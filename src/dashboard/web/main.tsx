/** Where the page begins. */
import { render } from 'preact'
import { followAddress } from './model/address.ts'
import { startClock } from './model/clock.ts'
import { watchTheNetwork } from './model/live.ts'
import { arrive } from './model/oidc.ts'
import { keepPreferences } from './model/preferences.ts'
import { App } from './views/app.tsx'

keepPreferences()
followAddress()
startClock()
watchTheNetwork()
const root = document.getElementById('page')
if (root !== null) render(<App />, root)
void arrive()
