/// A database that the conformance suite runs over.
package enum Backend: String, Sendable, CaseIterable {
    case sqlite, postgres
}
