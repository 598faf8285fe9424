/// A point in civil time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Timestamp: Sendable, Hashable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// The point so many milliseconds after 1970-01-01T00:00:00Z.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The point so many seconds after 1970-01-01T00:00:00Z.
    @inlinable public init(seconds: Int64) { milliseconds = seconds * 1000 }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    public var seconds: Int64 { Timestamp.floor(milliseconds, 1000).quotient }

    /// The earliest and the latest point that the text forms can show: the years 0 to 9999.
    public static let textRange =
        Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

    /// The point after a time span, exact to the millisecond.
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + right.nanosecondsClamped / 1_000_000)
    }

    /// The point before a time span, exact to the millisecond.
    public static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds - right.nanosecondsClamped / 1_000_000)
    }

    /// The time span from the right point to the left one.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// Division that rounds down, so that times before 1970 fall on the right day.
    static func floor(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The day and the second of that day.
    var civil: (date: CivilDate, secondOfDay: Int, millisecond: Int) {
        let clamped = min(max(self, Timestamp.textRange.lowerBound), Timestamp.textRange.upperBound)
        let (seconds, millisecond) = Timestamp.floor(clamped.milliseconds, 1000)
        let (days, secondOfDay) = Timestamp.floor(seconds, 86_400)
        return (CivilDate(daysSince1970: Int(days)), Int(secondOfDay), Int(millisecond))
    }
}

extension Timestamp: Comparable {
    /// Whether the left point comes first.
    @inlinable public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The RFC 3339 form.
    public var description: String { rfc3339 }
}

extension Duration {
    /// The span in nanoseconds; the nearest end of `Int64` where it is longer than 292 years.
    public var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}
