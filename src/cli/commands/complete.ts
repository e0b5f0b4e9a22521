/** `headgate __complete WORDS`: what shells and kubectl ask. Never fails: who has no cluster gets no names. */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { kinds } from '#core/k8s/kinds.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { phaseOf } from '#releases/facts.ts'
import { findEntry, listEntries } from '#releases/find.ts'
import { imagesOf, revisionsOf } from '#releases/parts.ts'
import { complete, type Given, type Known, noFiles, type Proposal } from '../complete/complete.ts'
import { type Connected, withCluster } from '../releases/connect.ts'
import { within } from '../within.ts'

/** One line for each proposal, then what kind of words they are, as cobra writes it. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<void> {
  const { proposals, files } = await complete(program, words, known)
  const lines = proposals.map(({ word, about }) => (about === '' ? word : `${word}\t${about}`))
  process.stdout.write([...lines, `:${files ? 0 : noFiles}`, ''].join('\n'))
}

/** Somebody waits with a finger on a key. */
const patienceMs = 2000

async function asked(
  { options }: Given,
  find: (connected: Connected) => Promise<readonly Proposal[]>,
): Promise<readonly Proposal[]> {
  try {
    return await within(patienceMs, withCluster(options, find))
  } catch {
    return []
  }
}

const known: Known = {
  releases: (given) =>
    asked(given, async (connected) => {
      const { namespace } = connected
      const entries = await listEntries(connected, { namespace })
      return entries.flatMap((entry) => namesFor(entry, entries))
    }),
  namespaces: (given) =>
    asked(given, async ({ cluster }) =>
      (await cluster.list(kinds.namespace)).items.map(({ metadata }) => named(metadata.name)),
    ),
  deployments: (given) =>
    asked(given, async ({ cluster, namespace }) =>
      (await cluster.list(kinds.deployment, { namespace })).items.map(({ metadata }) =>
        named(metadata.name),
      ),
    ),
  revisions: (given) =>
    asked(given, async (connected) => {
      const entry = await findEntry(connected, given.words[0] ?? '')
      const revisions = await revisionsOf(connected.cluster, entry)
      return revisions.map(({ revision, workloads }) => ({
        word: revision,
        about: workloads.map(({ object }) => imagesOf(object.spec.template)).join(', '),
      }))
    }),
  contexts: ({ options }) => contextsIn(options['kubeconfig']).catch(() => []),
}

function named(word: string): Proposal {
  return { word, about: '' }
}

/** By its name alone where that is clear, else with its door; both ways can be begun. */
function namesFor(entry: Entry, all: readonly Entry[]): readonly Proposal[] {
  const about = phaseOf(entry)
  const isClear = all.filter(({ name }) => name === entry.name).length === 1
  const full = { word: fullName(entry), about }
  return isClear ? [{ word: entry.name, about }, full] : [full]
}

async function contextsIn(file: string | undefined): Promise<readonly Proposal[]> {
  const listed = file ?? process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config')
  const files = await Promise.all(
    listed.split(delimiter).map(async (path) => parse(await readFile(path, 'utf8')) as unknown),
  )
  return files.flatMap((content) => {
    const { contexts = [] } = content as { contexts?: readonly { name: string }[] }
    return contexts.map(({ name }) => named(name))
  })
}
