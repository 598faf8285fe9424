import Base
import Foundation
import Testing
import Wire

@Suite struct JSONValueTests {
    static let tree: JSONValue = [
        "z": 1, "a": [nil, true, -2.5, "x"], "big": .unsigned(.max), "empty": [:], "list": [],
    ]

    @Test func `literals make trees that keep their order`() {
        #expect(
            Self.tree.description
                == #"{"z":1,"a":[null,true,-2.5,"x"],"big":18446744073709551615,"empty":{},"list":[]}"#)
    }

    @Test func `a tree comes back through a document and through decoding`() throws {
        let text = try JSON.encode(Self.tree)
        #expect(try JSONValue(JSON.parse(text).root) == Self.tree)
        #expect(try JSON.decode(JSONValue.self, from: text) == Self.tree)
        #expect(try JSON.decode([JSONValue].self, from: "[1,null]") == [1, nil])
    }

    @Test func `a tree comes back through foreign coders`() throws {
        let data = try JSONEncoder().encode(Self.tree)
        #expect(try JSONDecoder().decode(JSONValue.self, from: data) == Self.tree)
    }

    @Test func `objects are equal in any order`() {
        #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
        #expect(["a": 1, "b": 2] as JSONValue != ["b": 2, "a": 2])
        #expect(["a": 1] as JSONValue != ["a": 1, "b": nil])
        #expect(1 as JSONValue != 1.0)
    }

    @Test func `parts are reached by name and place`() {
        #expect(Self.tree["a"]?[1]?.bool == true)
        #expect(Self.tree["a"]?[2]?.double == -2.5)
        #expect(Self.tree["a"]?[3]?.string == "x")
        #expect(Self.tree["a"]?[4] == nil)
        #expect(Self.tree["z"]?.int64 == 1)
        #expect(Self.tree["nothing"] == nil)
        #expect(Self.tree["z"]?["deeper"] == nil)
        #expect(Self.tree.object?.names == ["z", "a", "big", "empty", "list"])
    }

    @Test func `members are set, replaced in place and taken out`() {
        var fields: JSONFields = ["a": 1, "b": 2, "a": 3]
        #expect(fields.count == 2)
        #expect(fields["a"] == 1)
        fields["a"] = "x"
        fields["c"] = nil
        fields["d"] = .null
        fields["b"] = nil
        #expect(fields.names == ["a", "d"])
        #expect(JSONValue.object(fields).description == #"{"a":"x","d":null}"#)
    }

    @Test func `of doubled names in the input the first counts`() throws {
        #expect(try JSON.decode(JSONValue.self, from: #"{"a":1,"a":2}"#) == ["a": 1])
    }
}
