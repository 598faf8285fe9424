/// Texts that people give and read: one line, in the order in which it is written.
enum PlainText {
    /// Whether a text has between one and so many bytes, and nothing that moves a terminal or turns a line around.
    static func isOne(_ text: String, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.value {
                case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: false
                default: true
                }
            }
    }
}
