import Base
import Testing
import Wire

@Suite struct JSONCodableTests {
    enum Mood: String, Codable { case good, bad }

    struct Item: Codable, Equatable {
        var chatId: Int64
        var note: String?
    }

    struct Body: Codable, Equatable {
        var name: String
        var items: [Item]
        var ratio: Double?
        var mood: Mood?
        var small: UInt8?
        var flags: [String: Bool]?
    }

    private func refusal<T: Decodable>(
        _ type: T.Type, _ text: Bytes, options: JSON.DecodingOptions = .request
    ) -> JSONError? {
        #expect(throws: JSONError.self) { _ = try JSON.decode(type, from: text, options: options) }
    }

    @Test func `a value comes back as it was encoded`() throws {
        let body = Body(
            name: "é\"\n", items: [Item(chatId: .min, note: "x"), Item(chatId: .max, note: nil)], ratio: 0.1,
            mood: .good, small: 255, flags: ["a": true, "b": false])
        #expect(try JSON.decode(Body.self, from: JSON.encode(body)) == body)
    }

    @Test func `a value is encoded in the order of its properties, without nil`() throws {
        let body = Body(name: "n", items: [Item(chatId: 1, note: nil)])
        #expect(try JSON.encode(body) == #"{"name":"n","items":[{"chatId":1}]}"#)
    }

    @Test(
        arguments: [
            #"{"name":"n","items":[{"chatId":1,"note":"x"}]}"#,
            #"{"name":"n","items":[{"chat_id":1,"note":"x"}]}"#,
            #"{"name":"n","items":[{"chat_id":2,"chatId":1,"note":"x"}]}"#,
        ] as [Bytes]) func `a request may name properties in either case`(text: Bytes) throws
    {
        let body = try JSON.decode(Body.self, from: text, options: .request)
        #expect(body == Body(name: "n", items: [Item(chatId: 1, note: "x")]))
    }

    struct Snake: Codable, Equatable {
        var chat_id: Int
        var publicURL: String
        var displayName2: String?
    }

    @Test(
        arguments: [
            #"{"chatId":1,"publicUrl":"u"}"#, #"{"chat_id":1,"public_url":"u"}"#,
            #"{"chat_id":1,"publicURL":"u"}"#,
        ] as [Bytes]) func `properties in snake_case and with acronyms are found too`(text: Bytes) throws
    {
        #expect(
            try JSON.decode(Snake.self, from: text, options: .request) == Snake(chat_id: 1, publicURL: "u"))
    }

    @Test func `names must be exact unless told otherwise`() {
        #expect(refusal(Snake.self, #"{"chatId":1,"publicURL":"u"}"#, options: .init())?.code == .missing)
    }

    @Test func `either case is found in large objects too`() throws {
        let filler = (0..<100).map { "\"filler\($0)\":\($0)" }.joined(separator: ",")
        let text = Bytes("{\(filler),\"chat_id\":5,\"chat_id\":6}")
        #expect(try JSON.decode(Item.self, from: text, options: .request).chatId == 5)
        #expect(try JSON.decode([String: Int].self, from: text).count == 101)
        #expect(try JSON.decode([String: Int].self, from: text)["chat_id"] == 5)
    }

    static let refusals: [(Bytes, String)] = [
        (
            #"{"name":"n","items":[{"chatId":1},{"chatId":2},{"chatId":3},{"chatId":"4"}]}"#,
            "body.items[3].chatId: expected an integer"
        ),
        (#"{"name":"n","items":[{"chatId":1.5}]}"#, "body.items[0].chatId: expected an integer"),
        (
            #"{"name":"n","items":[{"chatId":9223372036854775808}]}"#,
            "body.items[0].chatId: expected an integer from -9223372036854775808 to 9223372036854775807"
        ),
        (#"{"name":"n","items":[{}]}"#, "body.items[0].chatId: is required"),
        (#"{"items":[]}"#, "body.name: is required"),
        (#"{"name":null,"items":[]}"#, "body.name: expected a string"),
        (#"{"name":"n","items":{}}"#, "body.items: expected an array"),
        (#"{"name":"n","items":[7]}"#, "body.items[0]: expected an object"),
        (#"{"name":"n","items":[],"ratio":"1"}"#, "body.ratio: expected a number"),
        (#"{"name":"n","items":[],"mood":"odd"}"#, "body.mood: not one of the values allowed here"),
        (#"{"name":"n","items":[],"small":256}"#, "body.small: expected an integer from 0 to 255"),
        (#"{"name":"n","items":[],"flags":{"a b":1}}"#, #"body.flags["a b"]: expected true or false"#),
        ("[]", "body: expected an object"),
        ("7", "body: expected an object"),
    ]

    @Test(arguments: refusals) func `a value of the wrong shape is named by its path`(
        text: Bytes, words: String
    ) {
        #expect(refusal(Body.self, text)?.description == words)
    }

    @Test func `an error of shape has a place in the input too`() {
        let error = refusal(Body.self, #"{"name":"n", "items":[{"chatId":1},{"chatId":true}]}"#)
        #expect(error?.offset == 45)
        #expect(error?.isMalformed == false)
    }

    @Test func `an error of grammar comes before any decoding`() {
        #expect(refusal(Body.self, #"{"name":1,"items":[}"#)?.isMalformed == true)
    }

    struct Checked: Decodable {
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard try container.decode(Int.self) > 0 else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "must be positive")
            }
        }
    }

    @Test func `what a type itself refuses is named by its path`() {
        #expect(refusal([Checked].self, "[1,2,-3]")?.description == "body[2]: must be positive")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func `what is no number is not encoded`(
        number: Double
    ) {
        let error = #expect(throws: JSONError.self) { try JSON.encode(["a": [number]]) }
        #expect(error?.code == .nonFiniteNumber)
        #expect(error?.path == "a[0]")
    }

    struct Empty: Codable, Equatable {}
    struct Nothing: Encodable { func encode(to encoder: any Encoder) throws {} }

    @Test func `values without properties are empty objects`() throws {
        #expect(try JSON.encode(Empty()) == "{}")
        #expect(try JSON.encode([Nothing(), Nothing()]) == "[{},{}]")
        #expect(try JSON.decode(Empty.self, from: #"{"more":1}"#) == Empty())
    }

    @Test func `scalars and optionals stand alone`() throws {
        #expect(try JSON.encode("a") == "\"a\"")
        #expect(try JSON.encode(Int?.none) == "null")
        #expect(try JSON.encode([Int?.none, 1]) == "[null,1]")
        #expect(try JSON.encode(UInt64.max) == "18446744073709551615")
        #expect(try JSON.encode(Float(0.1)) == "0.1")
        #expect(try JSON.decode([Int?].self, from: "[null,1]") == [nil, 1])
        #expect(try JSON.decode(Int?.self, from: "null") == nil)
        #expect(try JSON.decode(UInt64.self, from: "18446744073709551615") == .max)
        #expect(try JSON.decode(Float.self, from: "0.1") == 0.1)
    }

    @Test func `dictionaries with numbers as keys are objects`() throws {
        #expect(try JSON.encode([1: "a"]) == #"{"1":"a"}"#)
        #expect(try JSON.decode([Int: String].self, from: #"{"1":"a"}"#) == [1: "a"])
    }

    class Animal: Codable {
        var name = "n"
        init() {}
    }

    final class Dog: Animal {
        var age = 1
        private enum Keys: String, CodingKey { case age }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            age = try decoder.container(keyedBy: Keys.self).decode(Int.self, forKey: .age)
            try super.init(from: decoder)
        }
        override func encode(to encoder: any Encoder) throws {
            try super.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(age, forKey: .age)
        }
    }

    @Test func `a subclass shares the object of its superclass`() throws {
        #expect(try JSON.encode([Dog()]) == #"[{"name":"n","age":1}]"#)
        #expect(try JSON.decode(Dog.self, from: #"{"name":"m","age":7}"#).age == 7)
    }

    struct Nested: Encodable {
        enum Keys: String, CodingKey { case a, b, c, d }
        func encode(to encoder: any Encoder) throws {
            var outer = encoder.container(keyedBy: Keys.self)
            var inner = outer.nestedContainer(keyedBy: Keys.self, forKey: .a)
            try inner.encode(1, forKey: .b)
            var list = inner.nestedUnkeyedContainer(forKey: .c)
            try list.encode("x")
            var deep = list.nestedUnkeyedContainer()
            try deep.encodeNil()
            try 7.encode(to: outer.superEncoder(forKey: .c))
            try outer.encode(true, forKey: .d)
        }
    }

    @Test func `nested containers end where the next one begins`() throws {
        #expect(try JSON.encode(Nested()) == #"{"a":{"b":1,"c":["x",[null]]},"c":7,"d":true}"#)
    }

    struct Late: Encodable {
        enum Keys: String, CodingKey { case a, b }
        func encode(to encoder: any Encoder) throws {
            var outer = encoder.container(keyedBy: Keys.self)
            var inner = outer.nestedContainer(keyedBy: Keys.self, forKey: .a)
            try outer.encode(1, forKey: .b)
            try inner.encode(2, forKey: .b)
        }
    }

    struct Twice: Encodable {
        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            try single.encode(1)
            try single.encode(2)
        }
    }

    struct Both: Encodable {
        enum Keys: String, CodingKey { case a }
        func encode(to encoder: any Encoder) throws {
            var list = encoder.unkeyedContainer()
            try list.encode(1)
            var object = encoder.container(keyedBy: Keys.self)
            try object.encode(1, forKey: .a)
        }
    }

    // Swift Testing would encode an argument itself, and Foundation's encoder traps on these.
    @Test func `a type that encodes out of order is refused`() {
        #expect(throws: JSONError.self) { try JSON.encode(Late()) }
        #expect(throws: JSONError.self) { try JSON.encode(Twice()) }
        #expect(throws: JSONError.self) { try JSON.encode(["x": Twice()]) }
        #expect(throws: JSONError.self) { try JSON.encode([Both()]) }
    }

    struct Tree: Codable { var next: [Tree] }

    @Test func `a value nested past the ceiling is not encoded`() {
        var tree = Tree(next: [])
        for _ in 0..<2000 { tree = Tree(next: [tree]) }
        let error = #expect(throws: JSONError.self) { try JSON.encode(tree) }
        #expect(error?.code == .tooDeep)
    }

    @Test func `a part of a document is decoded where it lies`() throws {
        let document = try JSON.parse(#"{"item":{"chatId":5}}"#)
        let view = try #require(document["item"])
        #expect(try JSON.decode(Item.self, from: view).chatId == 5)
    }

    @Test func `an encoded value is a part of what a writer writes`() throws {
        var writer = JSONWriter()
        writer.beginArray()
        writer.value(1)
        try JSON.encode(Item(chatId: 2, note: nil), into: &writer)
        try JSON.encode(3, into: &writer)
        writer.endArray()
        #expect(writer.finish() == #"[1,{"chatId":2},3]"#)
    }
}
