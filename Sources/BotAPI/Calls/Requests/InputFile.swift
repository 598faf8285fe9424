package import Base

/// A file that is to be sent.
package enum InputFile: Sendable, Equatable {
    /// One that Telegram has, by its id, or that it is to fetch, by its URL.
    case reference(String)
    /// One that goes along.
    case upload(Upload)

    /// A file that goes along.
    package struct Upload: Sendable, Equatable {
        /// What people see it called.
        package let name: String
        /// Its media type, where that is known.
        package let type: String?
        /// Its content.
        package let bytes: Bytes

        /// A file of a name and a content.
        package init(name: String, type: String? = nil, _ bytes: Bytes) {
            self.name = name
            self.type = type
            self.bytes = bytes
        }
    }

    private static let referenceBytesMax = 4096

    func check(_ field: String) throws(BotRequestError) {
        switch self {
        case .upload(let file):
            guard !file.bytes.isEmpty else { throw BotRequestError(field, "is an empty file") }
        case .reference(let text):
            guard (1...Self.referenceBytesMax).contains(text.utf8.count) else {
                throw BotRequestError(field, "must be a file's id or URL")
            }
            // A Bot API server of one's own would read what `file:` names from its disk.
            guard !text.contains(":") || text.isWebAddress else {
                throw BotRequestError(field, "must be a file's id or a URL of http or https")
            }
        }
    }

    /// What stands for it in the parameters, where its part has that name.
    func reference(to part: String) -> String {
        switch self {
        case .reference(let text): text
        case .upload: "attach://\(part)"
        }
    }

    /// The file, where it goes along.
    var upload: Upload? { if case .upload(let file) = self { file } else { nil } }
}

extension String {
    fileprivate var isWebAddress: Bool {
        let start = prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }
}
