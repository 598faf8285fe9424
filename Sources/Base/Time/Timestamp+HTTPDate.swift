extension Timestamp {
    /// The form of HTTP's date fields (IMF-fixdate), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    public var httpDate: String {
        var text: [UInt8] = []
        text.reserveCapacity(29)
        appendHTTPDate(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the form of HTTP's date fields: always 29 bytes.
    public func appendHTTPDate(to text: inout [UInt8]) {
        let (date, secondOfDay, _) = civil
        text.append(HTTPDateNames.weekdays[date.weekday])
        text.append(", ")
        text.append(twoDigits: date.day)
        text.append(" ")
        text.append(HTTPDateNames.months[date.month - 1])
        text.append(" ")
        text.append(twoDigits: date.year / 100)
        text.append(twoDigits: date.year)
        text.append(" ")
        text.appendTime(secondOfDay)
        text.append(" GMT")
    }

    /// Reads an IMF-fixdate; nil where the text is anything else, or its weekday is not that day's.
    public init?(httpDate text: some StringProtocol) { self.init(httpDate: Bytes(text)) }

    /// Reads an IMF-fixdate; nil where the text is anything else, or its weekday is not that day's.
    public init?(httpDate text: Bytes) {
        var reader = DigitReader(text)
        guard let weekday = reader.name(of: HTTPDateNames.weekdays), reader.take(", "),
            let day = reader.number(2), reader.take(" "),
            let month = reader.name(of: HTTPDateNames.months), reader.take(" "),
            let year = reader.number(4), reader.take(" "),
            let hour = reader.number(2), hour < 24, reader.take(":"),
            let minute = reader.number(2), minute < 60, reader.take(":"),
            let second = reader.number(2), second < 60, reader.take(" GMT"), reader.isAtEnd,
            let date = CivilDate(year: year, month: month + 1, day: day), date.weekday == weekday
        else { return nil }
        self.init(seconds: Int64(date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second))
    }
}

private enum HTTPDateNames {
    static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension [UInt8] {
    /// Appends a text that the program itself holds.
    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }
}
