package import Base

/// The token of a bot as BotFather gives it: `<bot id>:<secret>`.
package struct BotToken: Sendable, Equatable {
    /// The bot's number, which is no secret.
    package let botID: Int64
    private let text: Secret

    /// Reads a token; nil where it can be none, so that nothing but a token ever stands in a URL.
    package init?(_ text: Bytes) {
        guard text.count <= 80, let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let id = text.part(0, colon).text.flatMap({ Int64($0) }), id > 0, text[0] != UInt8(ascii: "0"),
            (1...).contains(text.count - colon - 1),
            text.dropFirst(colon + 1).allSatisfy(Self.isSecretByte)
        else { return nil }
        botID = id
        self.text = Secret(text)
    }

    /// The whole token; whoever asks answers for where it goes.
    package func reveal() -> Bytes { text.reveal() }

    private static func isSecretByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension BotToken: CustomStringConvertible, CustomReflectable {
    /// The bot's number, and a mask.
    package var description: String { "\(botID):\(Secret.mask)" }
    /// A mirror that reflects nothing.
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
