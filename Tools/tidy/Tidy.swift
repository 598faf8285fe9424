/// All rules over one tree.
struct Tidy {
    private(set) var findings: [Finding] = []
    private var uses: [Use] = []
    private var lengths: [String: Int] = [:]
    private let allowance: Allowance

    init(_ tree: Tree) {
        let allowed = tree.files.first { $0.path == Allowance.path }?.bytes ?? []
        allowance = Allowance(String(decoding: allowed, as: UTF8.self))
        let swift = Dictionary(uniqueKeysWithValues: tree.swift.map { ($0.path, $0) })
        for file in tree.files { findings += Text(file, swift[file.path]).findings }
        for file in tree.swift { check(file) }
        if let package = swift["Package.swift"] {
            let manifest = Manifest(package)
            findings += Floors(tree, manifest).findings
            findings += Layout(tree, manifest).findings
        }
        findings += DeadFiles(tree).findings
        findings += Links(tree).findings
        findings += allowance.findings(against: uses, lengths: lengths)
        findings.sort()
    }

    private mutating func check(_ file: SwiftFile) {
        let hatches = Hatches(file)
        let sizes = Sizes(file)
        findings += hatches.findings + sizes.findings
        uses += hatches.uses + sizes.uses
        if sizes.allowedLines > 0 { lengths[file.path] = sizes.allowedLines }
    }

    /// The text of an allowance that fits the tree as it is.
    func updatedAllowance(raising: Bool) -> String {
        var allowance = allowance
        allowance.update(to: uses, lengths: lengths, raising: raising)
        return allowance.text
    }
}
