/// First in, first out, in constant time.
struct Queue<Element> {
    private var elements: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { elements[head...].first { $0 != nil } ?? nil }

    mutating func append(_ element: Element) {
        elements.append(element)
        count += 1
    }

    mutating func popFirst() -> Element? {
        while head < elements.count {
            let element = elements[head]
            elements[head] = nil
            head += 1
            if let element {
                count -= 1
                compact()
                return element
            }
        }
        compact()
        return nil
    }

    /// Takes the first that fits out of its place; a search, for the rare case.
    mutating func removeFirst(where fits: (Element) -> Bool) -> Element? {
        for index in head..<elements.count {
            guard let element = elements[index], fits(element) else { continue }
            elements[index] = nil
            count -= 1
            return element
        }
        return nil
    }

    private mutating func compact() {
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024 {
            elements.removeFirst(head)
            head = 0
        }
    }
}
