import Testing

@testable import Bots

@Suite struct BotsTests {}
