/// Decodes the elements of an array, one after another.
struct JSONUnkeyedDecoding: UnkeyedDecodingContainer {
    private let decoding: JSONDecoding
    private var elements: JSONElements
    private var upcoming: JSONView?
    private(set) var currentIndex = 0

    init(_ decoding: JSONDecoding) {
        self.decoding = decoding
        elements = decoding.view.elements
        upcoming = elements.next()
    }

    var codingPath: [any CodingKey] { decoding.codingPath }
    var count: Int? { decoding.view.count }
    var isAtEnd: Bool { upcoming == nil }

    mutating func decodeNil() throws -> Bool {
        guard try current().isNull else { return false }
        advance()
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try child().unwrap(type)
        advance()
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try child().container(keyedBy: type)
        advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try child().unkeyedContainer()
        advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try child()
        advance()
        return decoder
    }

    private mutating func advance() {
        upcoming = elements.next()
        currentIndex += 1
    }

    private func current() throws -> JSONView {
        guard let upcoming else {
            throw decoding.context.error(
                .missing, "expected another element", at: decoding.view, decoding.path,
                JSONIndex(currentIndex))
        }
        return upcoming
    }

    private func child() throws -> JSONDecoding {
        JSONDecoding(try current(), at: JSONPath(decoding.path, JSONIndex(currentIndex)), decoding.context)
    }
}
