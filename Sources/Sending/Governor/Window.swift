import Base

/// At most so many within any span of a length.
struct Window: Sendable {
    private let count: Int
    private let span: Duration
    /// When the last `count` were let through, the oldest at `oldest` once it is full.
    private var moments: [Moment] = []
    private var oldest = 0

    init(_ count: Int, per span: Duration) {
        self.count = max(1, count)
        self.span = span
    }

    /// From when on one more may pass while `reserve` places stay free; the past where it may at once.
    func opening(reserve: Int = 0) -> Moment {
        // The one that must have left the window before.
        let place = count - 1 - min(reserve, count - 1)
        guard moments.count > place else { return Moment(nanoseconds: .min) }
        let index = (oldest + moments.count - 1 - place) % moments.count
        return moments[index] + span
    }

    /// One passes.
    mutating func note(_ now: Moment) {
        if moments.count < count {
            moments.append(now)
        } else {
            moments[oldest] = now
            oldest = (oldest + 1) % count
        }
    }

    /// How many passed within the span before `now`.
    func used(at now: Moment) -> Int { moments.count { $0 + span > now } }

    /// Whether nothing of the past counts any more.
    func isClear(at now: Moment) -> Bool { used(at: now) == 0 }
}
