/// A step on the way from the outermost value to one within it, linked to the steps before.
final class JSONPath {
    let parent: JSONPath?
    let key: any CodingKey

    init(_ parent: JSONPath?, _ key: any CodingKey) {
        self.parent = parent
        self.key = key
    }

    /// The steps from the outermost value inwards.
    static func keys(_ path: JSONPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var step = path
        while let current = step {
            keys.append(current.key)
            step = current.parent
        }
        return keys.reversed()
    }

    /// `body.items[3].chatId`.
    static func describe(_ keys: [any CodingKey], root: String) -> String {
        var text = root
        for key in keys {
            if key is JSONIndex {
                text += "[\(key.intValue ?? 0)]"
            } else if key.stringValue.utf8.allSatisfy(isPlain), (1...64).contains(key.stringValue.utf8.count)
            {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            } else {
                // A name from the input may be anything: it is quoted, and cut where it is long.
                text += "[\(JSONValue.string(String(key.stringValue.prefix(64))))]"
            }
        }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

/// A place in an array, as a coding key.
struct JSONIndex: CodingKey {
    let intValue: Int?
    var stringValue: String { "\(intValue ?? 0)" }

    init(_ index: Int) { intValue = index }
    init?(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { nil }
}

/// A name that no type declares, as a coding key.
struct JSONName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
