/** What a chart draws itself, beyond its line: limits, and one shape for each verdict. */
import type UPlot from 'uplot'
import type { MetricView, SampleView } from '../../wire.ts'

export type Inks = {
  readonly accent: string
  readonly bad: string
  readonly beyond: string
  readonly faint: string
  readonly line: string
  readonly ground: string
  readonly font: string
}

/** The page's own colours, which a canvas does not inherit: read from an element that has them. */
export function inksOf(element: HTMLElement): Inks {
  const probe = document.createElement('span')
  element.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const inks = {
    accent: read('accent'),
    bad: read('bad'),
    beyond: read('bad-soft'),
    faint: read('ink-faint'),
    line: read('line'),
    ground: read('surface'),
    font: `11px ${getComputedStyle(element).fontFamily}`,
  }
  probe.remove()
  return inks
}

export function drawLimits(plot: UPlot, { min, max }: MetricView, inks: Inks): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  ctx.save()
  for (const [limit, edge] of [
    [max, bbox.top],
    [min, bbox.top + bbox.height],
  ] as const) {
    if (limit === undefined) continue
    const y = plot.valToPos(limit, 'y', true)
    ctx.fillStyle = inks.beyond
    ctx.fillRect(bbox.left, Math.min(y, edge), bbox.width, Math.abs(y - edge))
    ctx.strokeStyle = inks.bad
    ctx.lineWidth = ratio
    ctx.setLineDash([5 * ratio, 4 * ratio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
  }
  ctx.restore()
}

export function drawSamples(plot: UPlot, samples: readonly SampleView[], inks: Inks): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const size = 3.5 * ratio
  ctx.save()
  ctx.lineWidth = 1.75 * ratio
  ctx.setLineDash([])
  for (const { at, value, verdict } of samples) {
    const x = plot.valToPos(at / 1000, 'x', true)
    const y = value === undefined ? bbox.top + bbox.height - size : plot.valToPos(value, 'y', true)
    ctx.strokeStyle =
      verdict === 'failing' ? inks.bad : value === undefined ? inks.faint : inks.accent
    ctx.fillStyle = verdict === 'passing' ? inks.accent : inks.ground
    ctx.beginPath()
    if (value === undefined) line(ctx, [x, y - size, x, y + size])
    else if (verdict === 'failing') {
      line(ctx, [x - size, y - size, x + size, y + size])
      line(ctx, [x - size, y + size, x + size, y - size])
    } else {
      ctx.arc(x, y, size - ratio / 2, 0, 2 * Math.PI)
      ctx.fill()
    }
    ctx.stroke()
  }
  ctx.restore()
}

function line(
  ctx: CanvasRenderingContext2D,
  [fromX, fromY, toX, toY]: readonly [number, number, number, number],
): void {
  ctx.moveTo(fromX, fromY)
  ctx.lineTo(toX, toY)
}
