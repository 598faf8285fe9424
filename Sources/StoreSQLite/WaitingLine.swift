/// Who waits, in the order of arrival; anyone can leave.
struct WaitingLine<Element> {
    private var places: [(number: UInt64, element: Element?)] = []
    private var head = 0
    /// The number of the last who came.
    private(set) var lastNumber: UInt64 = 0
    private(set) var count = 0

    /// Puts somebody at the end; the number is for `remove`.
    mutating func append(_ element: Element) -> UInt64 {
        lastNumber += 1
        count += 1
        places.append((lastNumber, element))
        return lastNumber
    }

    /// Takes out the first, unless that one came after `last`.
    mutating func popFirst(upTo last: UInt64 = .max) -> Element? {
        while head < places.count {
            guard places[head].number <= last else { return nil }
            let element = places[head].element
            places[head].element = nil
            head += 1
            if head == places.count || head > 1024 {
                places.removeFirst(head)
                head = 0
            }
            if let element {
                count -= 1
                return element
            }
        }
        return nil
    }

    /// Takes out whoever has that number, if nobody has done so.
    mutating func remove(_ number: UInt64) -> Element? {
        // Numbers stand in order without a gap.
        guard let first = places.first?.number, number >= first else { return nil }
        let index = Int(number - first)
        guard index < places.count, let element = places[index].element else { return nil }
        places[index].element = nil
        count -= 1
        return element
    }
}
