import Base

/// At most so many within any span of a length.
///
/// What was let through but has not departed yet holds its place: however long that takes, it cannot come together with
/// what follows it.
struct Window: Sendable {
    private let count: Int
    private let span: Duration
    /// When the last ones departed, in order; behind them those that have not yet, in the distant future.
    private var moments: [Moment] = []

    private static let distant = Moment(nanoseconds: .max)
    private static let past = Moment(nanoseconds: .min)

    init(_ count: Int, per span: Duration) {
        self.count = max(1, count)
        self.span = span
    }

    /// From when on so many more may pass while `reserve` places stay free; nil until others have departed.
    ///
    /// What is more than the window holds passes once it is empty.
    func opening(_ weight: Int = 1, reserve: Int = 0) -> Moment? {
        // The one that must have left the window before.
        let place = moments.count - 1 - max(0, count - weight - min(reserve, count - 1))
        guard place >= 0 else { return Self.past }
        return moments[place] == Self.distant ? nil : moments[place] + span
    }

    /// So many are let through, to depart soon.
    mutating func hold(_ weight: Int) {
        moments += Array(repeating: Self.distant, count: min(weight, count))
        // Those that never depart give their places back to the ones before.
        if moments.count > count * 2 { moments.removeFirst(moments.count - count * 2) }
    }

    /// So many that were let through depart now, or never.
    mutating func depart(_ weight: Int, at now: Moment?) {
        for _ in 0..<min(weight, count) {
            guard let place = moments.firstIndex(of: Self.distant) else { return }
            if let now { moments[place] = now } else { moments.remove(at: place) }
        }
    }

    /// How many passed within the span before `now`.
    func used(at now: Moment) -> Int { moments.count { $0 + span > now } }
}
