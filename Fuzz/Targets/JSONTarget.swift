import Base
import Wire

/// Parses, reads everything, takes every part as it came, decodes, and writes it again.
@Sendable func fuzzJSON(_ bytes: Bytes) {
    let document: JSONDocument
    do {
        document = try JSON.parse(bytes)
    } catch {
        expect(error.offset.map { (0...bytes.count).contains($0) } ?? false, "a refusal names its place")
        return
    }
    let fault = JSONDiagnosis.check(bytes, depthMax: 64)
    expect(fault == nil, "both readers agree on what is JSON: \(String(describing: fault))")
    expect(bytes.text != nil, "what is parsed is UTF-8")
    let tree = JSONValue(document.root)
    var rest = 2000
    check(document.root, bytes, &rest)

    var writer = JSONWriter()
    tree.write(to: &writer)
    let written = writer.finish()
    do {
        expect(try JSONValue(JSON.parse(written).root) == tree, "a tree comes back as it was written")
        expect(try JSON.decode(JSONValue.self, from: bytes) == tree, "decoding reads what views read")
        expect(try JSON.encode(tree) == written, "encoding writes what the writer writes")
    } catch {
        expect(false, "what was parsed can be read and written: \(error)")
    }
    for keys in [JSON.KeyMatching.exact, .eitherCase] {
        let options = JSON.DecodingOptions(keys: keys, root: "body")
        do throws(JSONError) {
            let sample = try JSON.decode(Sample.self, from: document.root, options: options)
            let again = try JSON.decode(Sample.self, from: JSON.encode(sample))
            expect(again == sample, "a value comes back as it was encoded")
        } catch {
            expect(!error.isMalformed, "decoding finds no fault of grammar")
            expect(error.path?.hasPrefix("body") ?? false, "an error of shape has a path")
        }
    }
}

/// Every part is JSON by itself, and is found where it says that it stands.
private func check(_ view: JSONView, _ bytes: Bytes, _ rest: inout Int) {
    rest -= 1
    guard rest > 0 else { return }
    let range = view.sourceRange
    expect(bytes[range] == view.raw, "a part is what stands in the input")
    guard let part = try? JSON.parse(view.raw) else { return expect(false, "a part is JSON by itself") }
    expect(JSONValue(part.root) == JSONValue(view), "a part by itself is the same value")
    expect(view.string.map { Bytes($0) } == view.bytes, "texts are UTF-8")
    expect(
        view.count == (view.kind == .object ? Array(view.members).count : Array(view.elements).count),
        "counts")
    _ = (view.int64, view.uint64, view.double, view.bool, view.isNull)
    for element in view.elements { check(element, bytes, &rest) }
    for member in view.members {
        expect(view[member.name] != nil, "a name that is there is found")
        check(member.value, bytes, &rest)
    }
}

/// Properties of many types, so that every way of decoding is walked.
private struct Sample: Codable, Equatable {
    struct Item: Codable, Equatable {
        var chatId: Int64?
        var on: Bool?
    }

    var a: Int?
    var b: String?
    var c: Double?
    var d: [Item]?
    var e: [String: Item]?
    var f: Float?
    var g: UInt8?
    var longName: [[String]]?
    var any: JSONValue?
}
