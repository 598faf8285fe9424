/// Finds what somebody may have meant.
package enum Suggestion {
    /// The known name that is nearest to a wrong one; nil where none is near.
    package static func nearest(to wrong: String, among known: [String]) -> String? {
        // Longer names are no typing mistakes, and comparing costs time by the square.
        guard wrong.utf8.count <= 64 else { return nil }
        let limit = max(1, min(3, wrong.utf8.count / 3))
        let best = known.map { (name: $0, distance: distance(Array(wrong.utf8), Array($0.utf8))) }
            .min { $0.distance < $1.distance }
        guard let best, best.distance <= limit else { return nil }
        return best.name
    }

    /// `; did you mean X?`, or nothing.
    package static func question(for wrong: String, among known: [String]) -> String {
        nearest(to: wrong, among: known).map { "; did you mean \($0)?" } ?? ""
    }

    /// How many letters must be added, removed, changed or swapped with their neighbour.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
