/**
 * A metric over time. Each verdict is a shape: a filled point passes, a cross fails, an open ring says too little; a
 * missing number is a tick at the foot. Limits are dashed lines, and what lies beyond them is shaded.
 */
import { useComputed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import type { MetricView, SampleView } from '../../wire.ts'
import { now } from '../model/clock.ts'
import { dark } from '../model/preferences.ts'
import { amount, localTime, verdictWords } from '../model/words.ts'
import { drawLimits, drawSamples, type Inks, inksOf } from './chart-drawing.ts'

const height = 132

export function Chart({ metric }: { readonly metric: MetricView }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const newest = useRef(metric)
  newest.current = metric
  const under = useSignal<number | undefined>(undefined)
  const read = useComputed(() => {
    const sample = under.value === undefined ? undefined : newest.current.samples[under.value]
    return sample === undefined ? '' : sampleWords(sample)
  })

  useEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    const drawn = new UPlot(
      optionsOf(
        element,
        () => newest.current,
        (index) => {
          under.value = index
        },
      ),
      dataOf(newest.current),
      element,
    )
    plot.current = drawn
    const resized = new ResizeObserver(() => {
      drawn.setSize({ width: element.clientWidth, height })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      drawn.destroy()
    }
  }, [dark.value])

  useEffect(() => {
    plot.current?.setData(dataOf(metric))
  }, [metric.samples])

  return (
    <figure class="chart">
      <div ref={frame} role="img" aria-label={`${metric.name} over time: ${metric.words}`} />
      <figcaption class="chart-read" aria-hidden="true">
        {read}
      </figcaption>
    </figure>
  )
}

function sampleWords({ at, value, verdict, message }: SampleView): string {
  const said = value === undefined ? (message ?? 'no number') : amount(value)
  return `${localTime(at, now.peek())}  ${said}  ${verdictWords(verdict)}`
}

function dataOf({ samples }: MetricView): UPlot.AlignedData {
  return [samples.map(({ at }) => at / 1000), samples.map(({ value }) => value ?? null)]
}

function optionsOf(
  element: HTMLElement,
  metric: () => MetricView,
  pointedAt: (index: number | undefined) => void,
): UPlot.Options {
  const inks = inksOf(element)
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
    scales: {
      x: { time: true, range: spanOf },
      y: { range: (_, low, high) => rangeOf(metric(), low, high) },
    },
    axes: [
      { ...axisOf(inks, 26), values: (_, at) => at.map(timeOf), space: 72 },
      { ...axisOf(inks, 44), grid: { stroke: inks.line, width: 1 } },
    ],
    series: [{}, { stroke: inks.accent, width: 1.5, points: { show: false }, spanGaps: false }],
    hooks: {
      drawAxes: [(plot) => drawLimits(plot, metric(), inks)],
      draw: [(plot) => drawSamples(plot, metric().samples, inks)],
      setCursor: [({ cursor }) => pointedAt(cursor.idx ?? undefined)],
    },
  }
}

const shortTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })

function timeOf(seconds: number): string {
  return shortTime.format(seconds * 1000)
}

function axisOf(inks: Inks, size: number): UPlot.Axis {
  const { font, faint } = inks
  return {
    stroke: faint,
    font,
    size,
    grid: { show: false },
    ticks: { show: false },
    space: 40,
    gap: 6,
  }
}

/** A single sample has room around it. */
function spanOf(_: UPlot, from: number, to: number): UPlot.Range.MinMax {
  return to - from < 10 ? [from - 5, to + 5] : [from, to]
}

/** The limits are always seen; what is never negative begins at nothing. */
function rangeOf(
  { min, max }: MetricView,
  low: number | null,
  high: number | null,
): UPlot.Range.MinMax {
  const values = [low, high, min, max].filter((value): value is number => typeof value === 'number')
  const least = Math.min(0, ...values)
  const most = Math.max(...values, least)
  const room = (most - least || 1) * 0.15
  return [least < 0 ? least - room : 0, most + room]
}
