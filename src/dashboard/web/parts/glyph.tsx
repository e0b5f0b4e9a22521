/** Small drawings. Each tells by its shape what its colour tells too; words always stand beside them. */
import type { JSX } from 'preact'

const paths = {
  serving: 'M3.5 8.5l3 3 6-7',
  failed: 'M4 4l8 8M12 4l-8 8',
  attention: 'M8 3v6M8 12.4v.2',
  moving: 'M3 8h9M8.5 4.5L12 8l-3.5 3.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  search: 'M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.4 10.4L14 14',
  back: 'M10 3L5 8l5 5',
  close: 'M4 4l8 8M12 4l-8 8',
  out: 'M6 3H3v10h10v-3M9 3h4v4M13 3L7.5 8.5',
  sun: 'M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13 9.5A5.5 5.5 0 016.5 3 5.5 5.5 0 1013 9.5z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  keys: 'M1.5 4h13v8h-13zM4 6.5h.1M6.6 6.5h.1M9.3 6.5h.1M12 6.5h.1M5 9.5h6',
} as const

export type GlyphName = keyof typeof paths

export function Glyph({ name }: { readonly name: GlyphName }): JSX.Element {
  return (
    <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}

/** The gate in its frame, with the water it lets through. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="mark-frame" d="M7 5v22M25 5v22" />
      <path class="mark-gate" d="M11 7h10v9H11z" />
      <path class="mark-water" d="M11 21c1.7-1.5 3.3-1.5 5 0s3.3 1.5 5 0v6H11z" />
    </svg>
  )
}
