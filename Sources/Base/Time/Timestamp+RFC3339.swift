extension Timestamp {
    /// The RFC 3339 form in UTC with milliseconds, such as `2026-08-21T09:30:00.125Z`.
    public var rfc3339: String {
        var text: [UInt8] = []
        text.reserveCapacity(24)
        appendRFC3339(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the RFC 3339 form; a point outside the years 0 to 9999 shows as the nearest end of them.
    public func appendRFC3339(to text: inout [UInt8]) {
        let (date, secondOfDay, millisecond) = civil
        text.append(twoDigits: date.year / 100)
        text.append(twoDigits: date.year)
        text.append(UInt8(ascii: "-"))
        text.append(twoDigits: date.month)
        text.append(UInt8(ascii: "-"))
        text.append(twoDigits: date.day)
        text.append(UInt8(ascii: "T"))
        text.appendTime(secondOfDay)
        text.append(UInt8(ascii: "."))
        text.append(0x30 + UInt8(truncatingIfNeeded: millisecond / 100))
        text.append(twoDigits: millisecond)
        text.append(UInt8(ascii: "Z"))
    }

    /// Reads an RFC 3339 date and time with its offset; digits below the millisecond are cut off.
    ///
    /// A leap second, which only stands at 23:59:60 UTC, is the first moment of the next day.
    public init?(rfc3339 text: some StringProtocol) { self.init(rfc3339: Bytes(text)) }

    /// Reads an RFC 3339 date and time with its offset; digits below the millisecond are cut off.
    public init?(rfc3339 text: Bytes) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t"),
            let hour = reader.number(2), hour < 24, reader.take(":"),
            let minute = reader.number(2), minute < 60, reader.take(":"),
            let second = reader.number(2), second <= 60,
            let millisecond = reader.fraction(), let offset = reader.offset(), reader.isAtEnd,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        if second == 60, !seconds.isMultiple(of: 86_400) { return nil }
        self.init(milliseconds: Int64(seconds) * 1000 + Int64(second == 60 ? 0 : millisecond))
    }
}

extension DigitReader {
    /// The milliseconds of an optional fraction; nil where a point has no digit behind it.
    fileprivate mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = number(1) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { milliseconds *= 10 }
        return milliseconds
    }

    /// Minutes east of UTC; nil where there is no offset.
    fileprivate mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2), hours < 24, take(":"),
            let minutes = number(2), minutes < 60
        else { return nil }
        return (isEast ? 1 : -1) * (hours * 60 + minutes)
    }
}

extension [UInt8] {
    /// Appends `HH:MM:SS`.
    mutating func appendTime(_ secondOfDay: Int) {
        append(twoDigits: secondOfDay / 3600)
        append(UInt8(ascii: ":"))
        append(twoDigits: secondOfDay / 60 % 60)
        append(UInt8(ascii: ":"))
        append(twoDigits: secondOfDay % 60)
    }
}
