/**
 * Runs the files of a lane that failed once more, each alone, and puts what came of it in the lane's figures. A machine
 * that stands still for five seconds looks like a dropped request; what is really broken fails again, in a world made anew.
 *
 *     node scripts/ci/once-more.ts FIGURES.json VITEST-ARGS…
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/** What of vitest's JSON report is read here. */
type FileFigures = {
  readonly name: string
  readonly status: 'passed' | 'failed'
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
}
type Figures = { readonly testResults: readonly FileFigures[] }

/** Where more than these fail, no moment of the machine is to blame. */
const atMost = 5

const [path = '', ...args] = process.argv.slice(2)
const first = read(path)
const failed = first.testResults.filter(({ status }) => status === 'failed')
const many = failed.length > atMost
if (failed.length === 0 || many) process.exit(1)

const again = failed.map(({ name }) => alone(name))
const seconds = new Map(
  again.flatMap(({ testResults }) => testResults).map((one) => [one.name, one]),
)
const testResults = first.testResults.map((one) => seconds.get(one.name) ?? one)
writeFileSync(path, JSON.stringify({ testResults }))
process.exit(testResults.every(({ status }) => status === 'passed') ? 0 : 1)

function alone(file: string): Figures {
  const out = `${path}.again`
  process.stdout.write(`== once more, alone: ${relative(process.cwd(), file)}\n`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${out}`]
  spawnSync('vitest', ['run', ...args, ...reporters, file], { stdio: 'inherit' })
  try {
    return read(out)
  } finally {
    rmSync(out, { force: true })
  }
}

/** Of a run that ended before it could report there are no figures. */
function read(file: string): Figures {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Figures
  } catch {
    return { testResults: [] }
  }
}
