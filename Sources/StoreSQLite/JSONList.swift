import Store

/// A list as the JSON that `json_each` takes apart again.
enum JSONList {
    static func text(_ list: [Int64]) -> String {
        "[" + list.lazy.map(String.init).joined(separator: ",") + "]"
    }

    static func text(_ list: [String]) throws -> String {
        var text: [UInt8] = [UInt8(ascii: "[")]
        for (index, element) in list.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "\""))
            for byte in element.utf8 { try append(byte, to: &text) }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "]"))
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ byte: UInt8, to text: inout [UInt8]) throws {
        switch byte {
        case 0: throw StoreError(.misuse, "a text holds U+0000")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            text.append(UInt8(ascii: "\\"))
            text.append(byte)
        case ..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            text += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: text.append(byte)
        }
    }
}
