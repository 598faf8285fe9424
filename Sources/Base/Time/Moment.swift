/// A point of the monotonic clock, which never goes back and means nothing outside this process.
public struct Moment: Sendable, Hashable, Comparable {
    /// Nanoseconds since some start that is the same for the whole process.
    public var nanoseconds: Int64

    /// The point so many nanoseconds after the clock's start.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whether the left point comes first.
    @inlinable public static func < (left: Moment, right: Moment) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The point after a time span; the last one there is where the span leads further.
    public static func + (left: Moment, right: Duration) -> Moment {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanosecondsClamped)
        return Moment(nanoseconds: overflow ? (right < .zero ? .min : .max) : sum)
    }

    /// The time span from the right point to the left one.
    public static func - (left: Moment, right: Moment) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}
