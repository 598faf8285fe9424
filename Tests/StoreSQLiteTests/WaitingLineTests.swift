@testable import StoreSQLite
import Testing

struct WaitingLineTests {
    @Test func `the first who came is the first who goes`() {
        var line = WaitingLine<String>()
        _ = line.append("a")
        _ = line.append("b")
        #expect(line.popFirst() == "a")
        #expect(line.count == 1)
        #expect(line.popFirst() == "b")
        #expect(line.popFirst() == nil)
    }

    @Test func `who leaves is passed over`() {
        var line = WaitingLine<String>()
        let first = line.append("a")
        _ = line.append("b")
        #expect(line.remove(first) == "a")
        #expect(line.remove(first) == nil)
        #expect(line.popFirst() == "b")
        #expect(line.count == 0)
    }

    @Test func `who came later is left where they are`() {
        var line = WaitingLine<String>()
        let first = line.append("a")
        _ = line.append("b")
        #expect(line.popFirst(upTo: first) == "a")
        #expect(line.popFirst(upTo: first) == nil)
        #expect(line.count == 1)
    }

    @Test func `numbers stay right over many who come and go`() {
        var line = WaitingLine<Int>()
        var numbers: [UInt64] = []
        for value in 0..<5_000 {
            numbers.append(line.append(value))
            if value % 3 == 0 { _ = line.popFirst() }
        }
        #expect(line.remove(numbers[4_999]) == 4_999)
        #expect(line.remove(numbers[0]) == nil)
        #expect(line.count == 5_000 - 1_667 - 1)
    }
}
