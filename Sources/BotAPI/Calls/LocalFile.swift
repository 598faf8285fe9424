internal import Base
package import Wire

/// `file:` names, by which a Bot API server of one's own reads its own disk: nobody who only sends may make it do so.
package enum LocalFile {
    /// Parameters, and members of them, that name a file.
    private static let names: Set = [
        "animation", "audio", "certificate", "content", "cover", "document", "live_photo", "media", "photo",
        "png_sticker", "sticker", "stickers", "tgs_sticker", "thumb", "thumbnail", "video", "video_note",
        "voice", "webm_sticker",
    ]

    /// Whether a parameter of a call names one; JSON is taken as a value and as a text.
    package static func isNamed(by parameter: String, _ value: JSONView) -> Bool {
        guard names.contains(parameter.lowercased()) else { return false }
        if let text = value.bytes { return isNamed(by: parameter, text: text.repairedText) }
        return isNamed(in: value)
    }

    /// The same for a parameter that came as a text.
    package static func isNamed(by parameter: String, text: String) -> Bool {
        guard names.contains(parameter.lowercased()) else { return false }
        let bare = text.drop { $0.isWhitespace }
        if isLocal(bare) { return true }
        guard bare.first == "{" || bare.first == "[" else { return false }
        // What is no JSON, Telegram refuses.
        guard let document = try? JSON.parse(Bytes(text)) else { return false }
        return isNamed(in: document.root)
    }

    private static func isNamed(in value: JSONView) -> Bool {
        switch value.kind {
        case .array: return value.elements.contains { isNamed(in: $0) }
        case .object: return value.members.contains { isNamed(by: $0.name, $0.value) }
        case .string: return isLocal(Substring(value.string ?? ""))
        default: return false
        }
    }

    private static func isLocal(_ text: Substring) -> Bool { text.prefix(5).lowercased() == "file:" }
}
