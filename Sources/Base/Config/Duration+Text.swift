extension Duration {
    /// The units that texts use, longest first.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000),
    ]

    /// Reads `10s`, `1m30s`, `250ms` or `0`: whole numbers with units, the longest unit first.
    public init?(text: some StringProtocol) {
        if text == "0" {
            self = .zero
            return
        }
        var rest = Bytes(text)
        var units = Duration.units[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            let name = rest.dropFirst(digits.count).prefix { !(0x30...0x39).contains($0) }
            guard let number = Int64(digits.repairedText),
                let index = units.firstIndex(where: { $0.name.utf8.elementsEqual(name) })
            else { return nil }
            let (part, tooLong) = number.multipliedReportingOverflow(by: units[index].nanoseconds)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !tooLong, !overflow else { return nil }
            total = sum
            units = units[(index + 1)...]
            rest = rest.dropFirst(digits.count + name.count)
        }
        self = .nanoseconds(total)
    }

    /// The text that `init(text:)` reads; what is shorter than a microsecond is cut off.
    public var text: String {
        var rest = nanosecondsClamped
        var text = ""
        for (name, nanoseconds) in Duration.units where rest >= nanoseconds {
            text += "\(rest / nanoseconds)\(name)"
            rest %= nanoseconds
        }
        return text.isEmpty ? "0" : text
    }
}
