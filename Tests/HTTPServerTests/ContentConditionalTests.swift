import Base
import Testing
import Wire

@testable import HTTPServer

@Suite struct EntityTagTests {
    @Test func `a tag is written as it is read`() throws {
        for field: Bytes in ["\"abc\"", "W/\"abc\"", "\"\"", "\"a,b\""] {
            #expect(try #require(EntityTag(field: field)).field == field)
        }
    }

    @Test(arguments: [
        "abc", "\"abc", "W\"abc\"", "w/\"abc\"", "\"a b\"", "\"a\"b", "W/ \"a\"", "\"a\", \"b\"",
    ])
    func `what is not one tag is none`(text: String) { #expect(EntityTag(field: Bytes(text)) == nil) }

    @Test func `a weak tag is never strongly equal`() {
        let strong = EntityTag(opaque: "a")
        #expect(strong.matchesStrongly(strong))
        #expect(!strong.matchesStrongly(strong.weakened))
        #expect(!strong.weakened.matchesStrongly(strong.weakened))
        #expect(strong.matchesWeakly(strong.weakened))
    }

    @Test func `lists may span fields, have empty elements and commas in tags`() {
        let list = EntityTagList(["\"a\" , ,W/\"b,c\"", " \"d\""])
        #expect(
            list
                == .tags([
                    EntityTag(opaque: "a"), EntityTag(opaque: "b,c", isWeak: true), EntityTag(opaque: "d"),
                ]))
    }

    @Test func `a star stands alone`() {
        #expect(EntityTagList([" * "]) == .any)
        #expect(EntityTagList(["*, \"a\""]) == .tags([]))
        #expect(EntityTagList(["*", "*"]) == .tags([]))
    }

    @Test func `a list ends where it cannot be read`() {
        #expect(EntityTagList(["\"a\", b, \"c\"", "\"d\""]) == .tags([EntityTag(opaque: "a")]))
    }
}

@Suite struct ConditionalRequestTests {
    private let tag = EntityTag(opaque: "now")
    private let time = Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")
    private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    private static let same = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    private func outcome(_ method: HTTPMethod, _ fields: HeaderFields) -> ConditionalRequest.Outcome {
        ConditionalRequest.evaluate(method, fields, etag: tag, lastModified: time)
    }

    @Test(arguments: [
        ("\"now\"", ConditionalRequest.Outcome.notModified), ("W/\"now\"", .notModified), ("*", .notModified),
        ("\"then\", \"now\"", .notModified), ("\"then\"", .proceed), ("now", .proceed),
    ])
    func `If-None-Match compares weakly`(field: String, expected: ConditionalRequest.Outcome) {
        #expect(outcome(.get, ["if-none-match": field]) == expected)
        #expect(outcome(.head, ["if-none-match": field]) == expected)
    }

    @Test func `If-None-Match stops a change of what is there`() {
        #expect(outcome(.put, ["if-none-match": "*"]) == .preconditionFailed)
        #expect(
            ConditionalRequest.evaluate(.put, ["if-none-match": "*"], etag: nil, exists: false) == .proceed)
    }

    @Test(arguments: [
        ("\"now\"", ConditionalRequest.Outcome.proceed), ("*", .proceed), ("W/\"now\"", .preconditionFailed),
        ("\"then\"", .preconditionFailed), ("junk", .preconditionFailed),
    ])
    func `If-Match compares strongly`(field: String, expected: ConditionalRequest.Outcome) {
        #expect(outcome(.put, ["if-match": field]) == expected)
    }

    @Test func `If-Match fails where there is nothing`() {
        let outcome = ConditionalRequest.evaluate(.put, ["if-match": "*"], etag: nil, exists: false)
        #expect(outcome == .preconditionFailed)
    }

    @Test(arguments: [
        (before, ConditionalRequest.Outcome.proceed), (same, .notModified), (after, .notModified),
        ("soon", .proceed),
    ])
    func `If-Modified-Since counts seconds`(date: String, expected: ConditionalRequest.Outcome) {
        #expect(outcome(.get, ["if-modified-since": date]) == expected)
    }

    @Test func `If-Modified-Since is for reading alone`() {
        #expect(outcome(.post, ["if-modified-since": Self.after]) == .proceed)
    }

    @Test(arguments: [
        (before, ConditionalRequest.Outcome.preconditionFailed), (same, .proceed), (after, .proceed),
        ("soon", .proceed),
    ])
    func `If-Unmodified-Since counts seconds`(date: String, expected: ConditionalRequest.Outcome) {
        #expect(outcome(.put, ["if-unmodified-since": date]) == expected)
    }

    @Test func `tags go before times`() {
        #expect(outcome(.get, ["if-none-match": "\"then\"", "if-modified-since": Self.after]) == .proceed)
        #expect(outcome(.put, ["if-match": "\"now\"", "if-unmodified-since": Self.before]) == .proceed)
    }

    @Test func `If-Match goes before If-None-Match`() {
        #expect(outcome(.get, ["if-none-match": "\"now\"", "if-match": "\"then\""]) == .preconditionFailed)
        #expect(outcome(.get, ["if-none-match": "\"now\"", "if-match": "\"now\""]) == .notModified)
    }

    @Test(arguments: [
        (nil, true), ("\"now\"", true), ("W/\"now\"", false), ("\"then\"", false), (same, true),
        (before, false),
        (after, false), ("junk", false),
    ])
    func `If-Range allows a range of exactly what is there`(field: String?, expected: Bool) {
        let fields: HeaderFields = field.map { ["if-range": $0] } ?? [:]
        #expect(ConditionalRequest.allowsRange(fields, etag: tag, lastModified: time) == expected)
    }
}

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=2-5", .part(2..<6)), ("bytes=2-", .part(2..<10)),
        ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)), ("bytes=5-99", .part(5..<10)),
        ("Bytes= 1-2 ", .part(1..<3)), ("bytes=0-99999999999999999999999", .part(0..<10)),
        ("bytes=10-", .unsatisfiable), ("bytes=99999999999999999999-", .unsatisfiable),
        ("bytes=-0", .unsatisfiable),
        ("bytes=5-2", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes", .whole),
        ("lines=0-1", .whole),
        ("bytes=0-1,3-4", .whole), ("bytes=a-b", .whole), ("bytes=1-b", .whole), ("bytes=--1", .whole),
        ("bytes=+1-2", .whole),
    ])
    func `a range of ten bytes`(field: String, expected: ByteRange) {
        #expect(ByteRange(Bytes(field), count: 10) == expected)
    }

    @Test func `nothing has no part`() {
        #expect(ByteRange("bytes=0-", count: 0) == .unsatisfiable)
        #expect(ByteRange("bytes=-1", count: 0) == .unsatisfiable)
        #expect(ByteRange(nil, count: 0) == .whole)
    }
}
