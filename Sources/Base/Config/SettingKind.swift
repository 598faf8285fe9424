/// What values a setting can have, and how their text is read.
struct SettingKind<Value: Sendable>: Sendable {
    /// How documentation calls it.
    let name: String
    /// Whether several values may be given, parted by commas.
    var isList = false
    /// Whether its flag stands alone.
    var isSwitch = false
    /// Whether its value must never be shown.
    var isSecret = false
    let read: @Sendable (String) throws(SettingMistake) -> Value
}

extension SettingKind<Bool> {
    /// Yes or no.
    static let bool = SettingKind(name: "true or false", isSwitch: true) { text throws(SettingMistake) in
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw SettingMistake("must be true or false")
        }
    }
}

extension SettingKind<Int> {
    /// A whole number.
    static func int(_ range: ClosedRange<Int>) -> SettingKind {
        let name = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return SettingKind(name: name) { text throws(SettingMistake) in
            guard let number = Int(text), range.contains(number), !text.hasPrefix("+") else {
                throw SettingMistake("must be \(name)")
            }
            return number
        }
    }

    /// A number of bytes.
    static func size(_ range: ClosedRange<Int>) -> SettingKind {
        let name = "a size from \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))"
        return SettingKind(name: name) { text throws(SettingMistake) in
            guard let size = ByteSize.parse(text) else {
                throw SettingMistake("must be \(name), such as 64KiB")
            }
            guard range.contains(size) else { throw SettingMistake("must be \(name)") }
            return size
        }
    }
}

extension SettingKind<Duration> {
    /// A time span.
    static func duration(_ range: ClosedRange<Duration>) -> SettingKind {
        let name = "a time span from \(range.lowerBound.text) to \(range.upperBound.text)"
        return SettingKind(name: name) { text throws(SettingMistake) in
            guard let span = Duration(text: text) else {
                throw SettingMistake("must be \(name), such as 1m30s")
            }
            guard range.contains(span) else { throw SettingMistake("must be \(name)") }
            return span
        }
    }
}

extension SettingKind<String> {
    /// The path of a file or folder.
    static let path = SettingKind(name: "a path") { text throws(SettingMistake) in
        guard !text.isEmpty, text.utf8.count < 4096, !text.utf8.contains(0) else {
            throw SettingMistake("must be a path")
        }
        return text
    }
}

extension SettingKind<String> {
    /// Letters, digits and a few signs, or nothing.
    static let word = SettingKind(name: "letters, digits and the signs -_.:") { text throws(SettingMistake) in
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39:
                true
            default: "-_.:".utf8.contains(byte)
            }
        }
        guard isPlain, text.utf8.count <= 64 else {
            throw SettingMistake("must be at most 64 letters, digits and the signs -_.:")
        }
        return text
    }
}

extension SettingKind<String?> {
    /// The path of a file or folder, or nothing.
    static let pathOrNothing = SettingKind<String>.path.orNothing()
}

extension SettingKind<WebAddress?> {
    /// A web address, or nothing.
    static let urlOrNothing = SettingKind<WebAddress>.url.orNothing()
}

extension SettingKind<[ListenAddress]> {
    /// Where to listen.
    static let listen = SettingKind(name: "addresses, parted by commas", isList: true) {
        text throws(SettingMistake) in
        var addresses: [ListenAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.trimmed
            guard let address = ListenAddress(part) else {
                throw SettingMistake(
                    "\"\(part)\" is no address; write 127.0.0.1:8080, [::1]:8080, localhost:8080 or unix:/path"
                )
            }
            guard !addresses.contains(address) || address.isAnyPort else {
                throw SettingMistake("\(address) stands there twice")
            }
            addresses.append(address)
        }
        return addresses
    }
}

extension SettingKind<[String]> {
    /// Origins of web pages, or none.
    static let origins = SettingKind(
        name: "origins such as https://example.org, parted by commas", isList: true
    ) {
        text throws(SettingMistake) in
        var origins: [String] = []
        for part in text.split(separator: ",") {
            let origin = String(part.trimmed)
            guard let address = WebAddress(origin), "\(address)" == origin, address.path.isEmpty
            else {
                throw SettingMistake("\"\(origin)\" is no origin; write https://example.org, without a path")
            }
            origins.append(origin)
        }
        return origins
    }
}

extension SettingKind<[AddressRange]> {
    /// Networks, or none.
    static let networks = SettingKind(
        name: "networks such as 10.0.0.0/8, parted by commas", isList: true
    ) {
        text throws(SettingMistake) in
        var ranges: [AddressRange] = []
        for part in text.split(separator: ",") {
            guard let range = AddressRange(String(part.trimmed)) else {
                throw SettingMistake(
                    "\"\(part.trimmed)\" is no network; write 10.0.0.0/8, 192.0.2.1 or fd00::/8")
            }
            ranges.append(range)
        }
        return ranges
    }
}

extension SettingKind<WebAddress> {
    /// A web address.
    static let url = SettingKind(name: "a web address") { text throws(SettingMistake) in
        guard let address = WebAddress(text) else {
            throw SettingMistake(
                "must be a web address such as https://example.org, without query and fragment")
        }
        return address
    }
}

extension SettingKind<Secret> {
    /// Something that is never shown.
    static let secret = SettingKind(name: "a secret", isSecret: true) { text throws(SettingMistake) in
        Secret(text)
    }

    /// A key of AES-256; what was given is not quoted.
    static let encryptionKey = SettingKind(name: "64 hexadecimal digits", isSecret: true) {
        text throws(SettingMistake) in
        guard text.utf8.count == 64, Hex.decode(text) != nil else {
            throw SettingMistake("must be 64 hexadecimal digits")
        }
        return Secret(text)
    }
}

extension SettingKind<Secret?> {
    /// Something that is never shown, or nothing.
    static let secretOrNothing = SettingKind<Secret>.secret.orNothing()
    /// A key of AES-256, or nothing.
    static let encryptionKeyOrNothing = SettingKind<Secret>.encryptionKey.orNothing()
}

extension SettingKind {
    /// One of a few words.
    static func word(_ words: [(name: String, value: Value)]) -> SettingKind {
        let names = words.map(\.name)
        let name = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return SettingKind(name: name) { text throws(SettingMistake) in
            guard let word = words.first(where: { $0.name == text }) else {
                throw SettingMistake("must be \(name)\(Suggestion.question(for: text, among: names))")
            }
            return word.value
        }
    }

    /// The same, or nothing.
    func orNothing() -> SettingKind<Value?> {
        let read = self.read
        return SettingKind<Value?>(name: name, isList: isList, isSwitch: isSwitch, isSecret: isSecret) {
            text throws(SettingMistake) in text.isEmpty ? nil : try read(text)
        }
    }
}

extension ListenAddress {
    fileprivate var isAnyPort: Bool {
        if case .tcp(_, 0) = self { return true }
        return false
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
