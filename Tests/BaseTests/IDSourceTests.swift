import Base
import Testing

@Suite struct IDSourceTests {
    @Test func `a request's id is 20 characters that a web address may hold`() {
        let ids = IDSource()
        for _ in 0..<100 {
            let text = ids.requestID().description
            #expect(text.utf8.count == 20)
            #expect(text.wholeMatch(of: /[A-Za-z0-9_-]{20}/) != nil)
        }
    }

    @Test func `no two ids of a source are the same`() {
        let ids = IDSource(seed: 1)
        #expect(Set((0..<20_000).map { _ in ids.requestID() }).count == 20_000)
        #expect(Set((0..<20_000).map { _ in ids.spanID() }).count == 20_000)
    }

    @Test func `neighbouring ids do not tell how many requests there were`() {
        let ids = IDSource(seed: 1)
        let first = ids.requestID().description, second = ids.requestID().description
        #expect(first.prefix(10) == second.prefix(10))
        #expect(zip(first.suffix(10), second.suffix(10)).filter { $0 == $1 }.count < 5)
    }

    @Test func `two processes do not share ids`() {
        #expect(IDSource().requestID() != IDSource().requestID())
        #expect(IDSource(seed: 7).requestID() == IDSource(seed: 7).requestID())
    }
}
