/** `headgate set image`: asks for other images, which the release then tries. */
import type { Container, PodTemplate } from '#core/k8s/workloads.ts'
import { templateIn, type VersionNow, versionNow } from '#releases/acts/version.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { findEntry } from '#releases/find.ts'
import { asked } from '../acts/asked.ts'
import { dryRunOf, dryWords } from '../acts/dry-run.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export type SetImageCommand = ClusterOptions & { readonly dryRun?: string }

type Images = ReadonlyMap<string, string>

export async function setImage(
  name: string,
  words: readonly string[],
  options: SetImageCommand,
): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  const images = new Map(words.map(imageIn))
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const now = await versionNow(connected, entry, 'set-image')
    const next = nextOf(entry, now, images)
    if (JSON.stringify(next) === JSON.stringify(now.value))
      return void process.stdout.write(`${fullName(entry)}: these images are asked for already\n`)
    await asked(connected, entry, { now, next }, { verb: 'set-image', dryRun })
    const said = [...images].map(([container, image]) => `${container}=${image}`).join(' ')
    process.stdout.write(`${fullName(entry)}: image updated: ${said}${dryWords(dryRun)}\n`)
  })
}

function imageIn(word: string): readonly [string, string] {
  const [, container, image] = /^([^=]+)=(\S+)$/.exec(word) ?? []
  if (container === undefined || image === undefined)
    throw new UsageError(
      `${word} names no image; write CONTAINER=IMAGE, such as app=example/shop:v2`,
    )
  return [container, image]
}

function nextOf(entry: Entry, now: VersionNow, images: Images): unknown {
  if (now.place.kind === 'image') {
    const [image, ...others] = images.values()
    if (others.length > 0) throw new UsageError(`${fullName(entry)} runs one image; name one`)
    return image
  }
  return withImages(entry, templateIn(entry, now, 'set image'), images)
}

function withImages(entry: Entry, template: PodTemplate, images: Images): PodTemplate {
  const { spec } = template
  const init = (spec['initContainers'] ?? []) as readonly Container[]
  const names = [...spec.containers, ...init].map(({ name }) => name)
  const unknown = [...images.keys()].find((name) => name !== '*' && !names.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `${fullName(entry)} has no container ${unknown}; it has ${names.join(', ')}`,
    )
  const changed = (container: Container): Container => {
    const image = images.get(container.name) ?? images.get('*')
    return image === undefined ? container : { ...container, image }
  }
  return {
    ...template,
    spec: {
      ...spec,
      containers: spec.containers.map(changed),
      ...(init.length === 0 ? {} : { initContainers: init.map(changed) }),
    },
  }
}
