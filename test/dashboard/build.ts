/** Before the lane: the page as its sources are now. */
import { fileURLToPath } from 'node:url'
import { writeDashboard } from '../../scripts/dashboard.ts'

export async function setup(): Promise<void> {
  await writeDashboard(fileURLToPath(new URL('../../dist/dashboard', import.meta.url)))
}
