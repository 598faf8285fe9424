import Base
import Testing

@Suite struct TraceParentTests {
    private let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a header goes both ways`() throws {
        let parent = try #require(TraceParent(Bytes(header)))
        #expect(parent.description == header)
        #expect(parent.spanID == 0x00f0_67aa_0ba9_02b7)
        #expect(parent.isSampled)
    }

    @Test func `of the flags only the one that is known is passed on`() throws {
        let parent = try #require(TraceParent(Bytes(header.dropLast(2) + "fe")))
        #expect(parent.description == header.dropLast(2) + "00")
    }

    @Test(arguments: [
        "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    ])
    func `what the specification refuses is ignored`(text: String) {
        #expect(TraceParent(Bytes(text)) == nil)
    }

    @Test(arguments: ["", "-", "-more"]) func `a later version may go on after a dash`(rest: String) {
        #expect(TraceParent(Bytes("cc" + header.dropFirst(2) + rest))?.description == header)
    }

    @Test func `every prefix is refused`() {
        for count in 0..<header.utf8.count { #expect(TraceParent(Bytes(header.prefix(count))) == nil) }
    }

    @Test func `a child stays in the trace with a span of its own`() throws {
        let parent = try #require(TraceParent(Bytes(header)))
        let child = parent.child(IDSource(seed: 3))
        #expect(child.spanID != parent.spanID)
        #expect(child.description.prefix(36) == header.prefix(36))
        #expect(child.isSampled)
        #expect(TraceParent(Bytes(child.description)) == child)
    }

    @Test func `a new trace is valid`() {
        let start = TraceParent(startingWith: IDSource(seed: 1))
        #expect(TraceParent(Bytes(start.description)) == start)
        #expect(!start.isSampled)
    }

    @Test(arguments: ["", "a b", "a\nb", "é", String(repeating: "a", count: 129)])
    func `a correlation id that could do harm is ignored`(text: String) {
        #expect(TraceContext.correlationID(Bytes(text)) == nil)
    }

    @Test func `a correlation id is taken as it comes`() {
        #expect(TraceContext.correlationID("order-42/7") == "order-42/7")
    }
}
