import Base
import Testing
import Wire

@Suite struct JSONDocumentTests {
    static let update: Bytes = #"""
        {"update_id":823456789, "message":{"message_id":12345,"from":{"id":5123456789,"is_bot":false,
        "first_name":"Марина"},"chat":{"id":-1001234567890,"type":"supergroup"},"date":1731234567,
        "text":"Hi \ud83d\ude00 \"you\"","entities":[{"offset":0,"length":6},{"offset":7,"length":1}],"big":18446744073709551615,
        "half":0.5,"three":3.0,"none":null}}
        """#

    @Test func `fields are reached through chains`() throws {
        let document = try JSON.parse(Self.update)
        let message = try #require(document["message"])
        #expect(document["update_id"]?.int64 == 823_456_789)
        #expect(document["message"]?["chat"]?["id"]?.int64 == -1_001_234_567_890)
        #expect(message["from"]?["is_bot"]?.bool == false)
        #expect(message["from"]?["first_name"]?.string == "Марина")
        #expect(message["text"]?.string == "Hi 😀 \"you\"")
        #expect(message["text"]?.bytes == "Hi 😀 \"you\"")
        #expect(message["entities"]?[1]?["offset"]?.int == 7)
        #expect(message["big"]?.uint64 == .max)
        #expect(message["half"]?.double == 0.5)
        #expect(message["none"]?.isNull == true)
        let name = "chat"
        #expect(message[name]?["type"]?.isText("supergroup") == true)
    }

    @Test func `what is not there or of another kind is nil`() throws {
        let document = try JSON.parse(Self.update)
        #expect(document["nothing"] == nil)
        #expect(document["update_id"]?["deeper"] == nil)
        #expect(document["message"]?[0] == nil)
        #expect(document["message"]?["entities"]?[2] == nil)
        #expect(document["message"]?["entities"]?[-1] == nil)
        #expect(document["message"]?.int64 == nil)
        #expect(document["message"]?["text"]?.int64 == nil)
        #expect(document["message"]?["text"]?.double == nil)
        #expect(document["update_id"]?.string == nil)
        #expect(document["update_id"]?.bool == nil)
        #expect(document["message"]?["big"]?.int64 == nil)
        #expect(document["message"]?["half"]?.int64 == nil)
    }

    @Test func `a whole number with a point counts as an integer while it is exact`() throws {
        #expect(try JSON.parse("3.0").root.int64 == 3)
        #expect(try JSON.parse("-1e3").root.int == -1000)
        #expect(try JSON.parse("9007199254740992.0").root.int64 == 1 << 53)
        #expect(try JSON.parse("9007199254740994.0").root.int64 == nil)
        #expect(try JSON.parse("-1.0").root.uint64 == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("9007199254740993", 9_007_199_254_740_993),
        ] as [(Bytes, Int64)]) func `integers are exact`(text: Bytes, number: Int64) throws
    {
        #expect(try JSON.parse(text).root.int64 == number)
    }

    @Test func `of doubled names the first counts`() throws {
        let document = try JSON.parse(#"{"a":1,"b":2,"a":3}"#)
        #expect(document["a"]?.int == 1)
        #expect(document.root.members.map(\.name) == ["a", "b", "a"])
        #expect(try JSON.decode([String: Int].self, from: #"{"b":2,"a":1,"a":3}"#) == ["a": 1, "b": 2])
    }

    @Test func `names are compared unescaped and whole`() throws {
        let document = try JSON.parse(#"{"\u0061b":1,"a":2,"a\u0000":3}"#)
        #expect(document["ab"]?.int == 1)
        #expect(document["a"]?.int == 2)
        #expect(document["a\0"]?.int == 3)
    }

    @Test func `containers are walked in their order`() throws {
        let document = try JSON.parse(#"{"x":[1,[2],{"y":3}],"z":{"w":null}}"#)
        #expect(document.root.members.map(\.name) == ["x", "z"])
        #expect(document["x"]?.elements.map(\.kind) == [.integer, .array, .object])
        #expect(document["x"]?.count == 3)
        #expect(document.root.count == 2)
        #expect(document.root.elements.map(\.kind) == [])
        #expect(document["x"]?.members.map(\.name) == [])
        #expect(document.root.members.first { $0.isNamed("z") }?.value["w"]?.isNull == true)
    }

    @Test func `an empty container has nothing in it`() throws {
        let document = try JSON.parse("[[],{}]")
        #expect(document[0]?.count == 0)
        #expect(document[0]?[0] == nil)
        #expect(document[1]?["a"] == nil)
        #expect(document[1]?.members.map(\.name) == [])
    }

    @Test func `a value can be had as it came`() throws {
        let text: Bytes =
            #" { "a" : [ 1 , -2.50, "x\"]" ] , "b":{"c" :true } , "d": 10 , "e":"é\u00e9" , "f":null} "#
        let document = try JSON.parse(text)
        #expect(document["a"]?.raw == #"[ 1 , -2.50, "x\"]" ]"#)
        #expect(document["a"]?[1]?.raw == "-2.50")
        #expect(document["a"]?[2]?.raw == #""x\"]""#)
        #expect(document["b"]?.raw == #"{"c" :true }"#)
        #expect(document["b"]?["c"]?.raw == "true")
        #expect(document["d"]?.raw == "10")
        #expect(document["e"]?.raw == #""é\u00e9""#)
        #expect(document["f"]?.raw == "null")
        #expect(document.root.raw == text.part(1, text.count - 2))
        #expect(document.source == text)
    }

    @Test(arguments: ["7", " 7 ", "\"a\"", "null", "[]", "{}", " [1] "] as [Bytes])
    func `an outermost value of any kind can be had as it came`(_ text: Bytes) throws {
        let trimmed = Bytes(text.filter { $0 != 0x20 })
        #expect(try JSON.parse(text).root.raw == trimmed)
    }

    @Test func `texts are lent without a copy`() throws {
        let document = try JSON.parse(#"["aé\n"]"#)
        #expect(document[0]?.withText { $0.byteCount } == 4)
        #expect(document.root.withText { $0.byteCount } == nil)
    }

    @Test func `a document outlives its parser and the next documents`() throws {
        var kept: [JSONDocument] = []
        do {
            let parser = JSONParser()
            for number in 0..<50 { kept.append(try parser.parse(Bytes("[\(number),\"text \(number)\"]"))) }
            _ = try? parser.parse("[broken")
        }
        for (number, document) in kept.enumerated() {
            #expect(document[0]?.int == number)
            #expect(document[1]?.string == "text \(number)")
        }
    }

    @Test func `a view keeps its document`() throws {
        func inner() throws -> JSONView? { try JSON.parse(#"{"a":{"b":[1,2,3]}}"#)["a"]?["b"] }
        #expect(try inner()?.elements.compactMap(\.int) == [1, 2, 3])
    }

    @Test func `a parser goes on after a bad input, and after a large one`() throws {
        let parser = JSONParser(retainedBytesMax: 4096)
        #expect(throws: JSONError.self) { try parser.parse("{") }
        #expect(throws: JSONError.self) { try parser.parse("") }
        #expect(try parser.parse("[1]")[0]?.int == 1)
        let large = Bytes("[" + String(repeating: "\"0123456789\",", count: 100_000) + "1]")
        #expect(try parser.parse(large).root.count == 100_001)
        #expect(try parser.parse("[2]")[0]?.int == 2)
    }

    @Test func `inputs of every small length are parsed at the edge of their memory`() throws {
        let parser = JSONParser()
        for count in 0..<200 {
            let text = Bytes("\"" + String(repeating: "x", count: count) + "\"")
            #expect(try parser.parse(text).root.bytes?.count == count)
        }
    }
}
