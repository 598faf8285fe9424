/// Reads fixed forms, such as dates, from left to right.
struct DigitReader {
    private let text: Bytes
    private var position = 0

    init(_ text: Bytes) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    /// The number in exactly so many decimal digits; nil, and nothing taken, where others stand there.
    mutating func number(_ width: Int) -> Int? {
        guard text.count - position >= width else { return nil }
        var result = 0
        for index in position..<position + width {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            result = result * 10 + Int(digit)
        }
        position += width
        return result
    }

    /// Whether the text goes on with this; then it is taken.
    mutating func take(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard text.count - position >= count else { return false }
        let isThere = expected.withUTF8Buffer { unsafe text.part(position, count).elementsEqual($0) }
        if isThere { position += count }
        return isThere
    }

    /// The index of the name that stands here, all of them three letters long; nil where none does.
    mutating func name(of names: [StaticString]) -> Int? {
        for (index, name) in names.enumerated() where take(name) { return index }
        return nil
    }
}
