/** What a sample pod counts about itself, in Prometheus' text format. Few label sets: unknown paths count as one. */

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const knownPaths = new Set(['/', '/hello', '/nothello'])
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

type Histogram = { readonly counts: number[]; sum: number; count: number }

export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #durations = new Map<string, Histogram>()

  constructor() {
    // A series that starts at its first error would hide that error from rate().
    for (const status of [200, 500]) this.#requests.set(requestLabels('GET', '/', status), 0)
  }

  observe(request: {
    readonly method: string
    readonly path: string
    readonly status: number
    readonly seconds: number
  }): void {
    const method = knownMethods.has(request.method) ? request.method : 'other'
    const path = knownPaths.has(request.path) ? request.path : 'other'
    const labels = requestLabels(method, path, request.status)
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    this.#observeDuration(`method="${method}",path="${path}"`, request.seconds)
  }

  #observeDuration(labels: string, seconds: number): void {
    let histogram = this.#durations.get(labels)
    if (histogram === undefined) {
      histogram = { counts: buckets.map(() => 0), sum: 0, count: 0 }
      this.#durations.set(labels, histogram)
    }
    histogram.sum += seconds
    histogram.count += 1
    for (const [index, bound] of buckets.entries()) {
      if (seconds <= bound) histogram.counts[index] = (histogram.counts[index] ?? 0) + 1
    }
  }

  text(): string {
    const lines = [
      '# HELP http_requests_total Requests answered, without probes and scrapes.',
      '# TYPE http_requests_total counter',
    ]
    for (const [labels, count] of this.#requests) {
      lines.push(`http_requests_total{${labels}} ${count}`)
    }
    lines.push(
      '# HELP http_request_duration_seconds Time from the request to the end of its answer.',
      '# TYPE http_request_duration_seconds histogram',
    )
    for (const [labels, histogram] of this.#durations) {
      for (const [index, bound] of buckets.entries()) {
        const count = histogram.counts[index] ?? 0
        lines.push(`http_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}`)
      }
      lines.push(
        `http_request_duration_seconds_bucket{${labels},le="+Inf"} ${histogram.count}`,
        `http_request_duration_seconds_sum{${labels}} ${histogram.sum}`,
        `http_request_duration_seconds_count{${labels}} ${histogram.count}`,
      )
    }
    return `${lines.join('\n')}\n`
  }
}

function requestLabels(method: string, path: string, status: number): string {
  return `method="${method}",path="${path}",status="${status}"`
}
