internal import Base

/// What `Sec-WebSocket-Extensions` lists (RFC 6455, 9.1): `name; parameter; parameter=value, name…`.
struct ExtensionList {
    struct Parameter: Equatable {
        let name: String
        let value: String?
    }

    struct Item: Equatable {
        let name: String
        var parameters: [Parameter]
    }

    /// Longer lists than anybody needs are refused as if they were malformed.
    private static let itemsMax = 16

    private(set) var items: [Item] = []
    private var rest: Bytes

    /// Reads one field's value; nil when it does not follow the grammar.
    init?(_ value: Bytes) {
        rest = value
        repeat {
            guard items.count < Self.itemsMax, let name = token() else { return nil }
            var item = Item(name: name, parameters: [])
            while take(";") {
                guard item.parameters.count < Self.itemsMax, let name = token() else { return nil }
                var value: String?
                if take("=") {
                    guard let text = token() ?? quotedToken() else { return nil }
                    value = text
                }
                item.parameters.append(Parameter(name: name.lowercased(), value: value))
            }
            items.append(item)
        } while take(",")
        guard rest.isEmpty else { return nil }
    }

    private mutating func skipSpace() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: mark) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func token() -> String? {
        skipSpace()
        let token = rest.prefix { HeaderFields.isTokenByte($0) }
        rest = rest.dropFirst(token.count)
        return token.isEmpty ? nil : token.repairedText
    }

    /// A token in quotation marks: anything else in them is against the grammar.
    private mutating func quotedToken() -> String? {
        guard take("\""), let token = token(), rest.first == UInt8(ascii: "\"") else { return nil }
        rest = rest.dropFirst()
        return token
    }
}
