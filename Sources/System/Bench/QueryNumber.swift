import HTTPServer
import Wire

extension Request {
    /// A whole number of the query, within bounds; `absent` where it is not there.
    func queryNumber(_ name: String, in range: ClosedRange<Int>, absent: Int) throws(APIError) -> Int {
        guard let text = queryItem(name) else { return absent }
        guard let number = Int(text), range.contains(number) else {
            throw APIError(
                .validationFailed,
                "query.\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)",
                details: ["path": .string("query.\(name)")])
        }
        return number
    }
}
