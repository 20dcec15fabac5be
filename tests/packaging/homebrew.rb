# homebrew.rb FORMULA FOLDER PREFIX: does what `brew install` and `brew test` do with a formula on Linux with an Intel processor, with tarballs
# of FOLDER in place of downloads.
#
# Homebrew itself is in no package registry. This is the part of its language that the formula uses; another word is an error.
require "digest"
require "fileutils"
require "pathname"

formula, folder, prefix = ARGV.map { |argument| Pathname.new(argument) }
PREFIX = prefix

module OS
  def self.mac? = false
end

class Pathname
  def install(*sources)
    mkpath
    sources.flatten.each { |source| FileUtils.cp_r(source, self) }
  end
end

class Formula
  class << self
    attr_reader :tarball, :sum, :trial

    def desc(_words) = nil
    def homepage(_page) = nil
    def version(_version) = nil
    def license(_name) = nil
    def on_macos = nil
    def on_linux = yield
    def on_intel = yield
    def on_arm = nil
    def url(url) = @tarball = url.split("/").last
    def sha256(sum) = @sum = sum
    def test(&trial) = @trial = trial
  end

  def bin = PREFIX/"bin"
  def share = PREFIX/"share"

  def system(*words)
    Kernel.system(*words.map(&:to_s)) || raise("#{words.join(" ")}: #{$?}")
  end
end

load formula.to_s
tarball = folder/SsoTools.tarball
raise "#{tarball}: not the sum of the formula" if Digest::SHA256.file(tarball).hexdigest != SsoTools.sum

unpacked = PREFIX/"unpacked"
unpacked.mkpath
Kernel.system("tar", "xzf", tarball.to_s, "-C", unpacked.to_s, "--strip-components=1") || raise("tar")
installed = SsoTools.new
Dir.chdir(unpacked) { installed.install }
installed.instance_eval(&SsoTools.trial)
