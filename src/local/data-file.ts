/** Data that lies beside the code: as JSON among the sources, packed in the bundle, where size counts. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** @param path of the JSON file; a packed one has `.gz` behind its name. */
export function readData(path: string): unknown {
  const packed = `${path}.gz`
  const text = existsSync(packed)
    ? gunzipSync(readFileSync(packed)).toString('utf8')
    : readFileSync(path, 'utf8')
  return JSON.parse(text)
}
