import Testing

@testable import Bots

@Suite struct PollShareTests {
    @Test func `a node that is alone polls all bots`() {
        let share = PollShare(bots: [1, 2, 3], held: [], heldElsewhere: [], nodes: 1)
        #expect(share.taken == [1, 2, 3])
        #expect(share.given == [])
    }

    @Test func `a node takes no more than its part`() {
        let share = PollShare(bots: Array(1...10), held: [1], heldElsewhere: [2], nodes: 2)
        #expect(share.taken.count == 4)
        #expect(!share.taken.contains(2))
    }

    @Test func `a node gives up what is beyond its part when another comes`() {
        let share = PollShare(bots: Array(1...10), held: Set(1...10), heldElsewhere: [], nodes: 2)
        #expect(share.given.count == 5)
        #expect(share.taken == [])
    }

    @Test func `a bot that is no longer to be polled is given up`() {
        #expect(PollShare(bots: [1], held: [1, 2], heldElsewhere: [], nodes: 1).given == [2])
    }

    @Test func `what a dead node held is taken over`() {
        let share = PollShare(bots: Array(1...4), held: [1, 2], heldElsewhere: [], nodes: 1)
        #expect(share.taken == [3, 4])
    }

    @Test(arguments: 1...5, [1, 7, 50]) func `all nodes together poll every bot`(nodes: Int, bots: Int) {
        var held = [Set<Int64>](repeating: [], count: nodes)
        let all = (1...bots).map { Int64($0) }
        for _ in 0..<3 {
            for node in 0..<nodes {
                let others = held.indices.filter { $0 != node }.reduce(into: Set<Int64>()) {
                    $0.formUnion(held[$1])
                }
                let share = PollShare(bots: all, held: held[node], heldElsewhere: others, nodes: nodes)
                held[node].subtract(share.given)
                held[node].formUnion(share.taken)
            }
        }
        #expect(held.reduce(0) { $0 + $1.count } == bots)
        #expect(held.reduce(into: Set<Int64>()) { $0.formUnion($1) } == Set(all))
    }
}
