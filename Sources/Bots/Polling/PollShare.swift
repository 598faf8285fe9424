/// Which bots a node polls: its part of all, so that nodes share them evenly and none is left alone.
struct PollShare: Equatable {
    /// What the node should begin to poll, if nobody else does.
    let taken: [Int64]
    /// What it should leave to others.
    let given: [Int64]

    /// Splits `bots` among `nodes` nodes; `held` are polled here, `heldElsewhere` by others.
    init(bots: [Int64], held: Set<Int64>, heldElsewhere: Set<Int64>, nodes: Int) {
        let wanted = Set(bots)
        let limit = (bots.count + max(1, nodes) - 1) / max(1, nodes)
        let kept = held.intersection(wanted).sorted()
        // What is polled stays where it is, but for what is beyond the node's part.
        given = held.subtracting(wanted).sorted() + kept.dropFirst(limit)
        let free = bots.filter { !held.contains($0) && !heldElsewhere.contains($0) }
        taken = Array(free.prefix(max(0, limit - kept.count)))
    }
}
