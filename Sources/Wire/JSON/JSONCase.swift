/// The same name in camelCase and snake_case.
enum JSONCase {
    /// The name in snake_case: `chatId` is `chat_id`, `publicURL` is `public_url`; snake_case stays as it is.
    static func snake(_ name: String) -> String {
        let bytes = Array(name.utf8)
        var result: [UInt8] = []
        for (position, byte) in bytes.enumerated() {
            guard isUpper(byte) else {
                result.append(byte)
                continue
            }
            // A word begins at a capital after a small letter, and at the last capital of a run: `URLPath`.
            let followsSmall = position > 0 && !isUpper(bytes[position - 1])
            let precedesSmall = position + 1 < bytes.count && isLower(bytes[position + 1])
            let begins = position > 0 && bytes[position - 1] != UInt8(ascii: "_")
            if begins && (followsSmall || precedesSmall) { result.append(UInt8(ascii: "_")) }
            result.append(byte | 0x20)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether the text of a key is that name in either case.
    static func matches(_ key: JSONView, _ name: String) -> Bool {
        let text = unsafe key.tape.text(key.index)
        // Names in the two cases begin with the same letter but for its case, and differ in length by little.
        guard let first = unsafe text.first, let nameFirst = name.utf8.first,
            first | 0x20 == nameFirst | 0x20,
            text.count <= 2 * name.utf8.count, name.utf8.count <= 2 * text.count
        else { return false }
        return unsafe snake(String(decoding: text, as: UTF8.self)) == snake(name)
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }
    private static func isLower(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }
}
