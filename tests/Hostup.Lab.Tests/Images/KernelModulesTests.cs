using Hostup.Lab.Images;

namespace Hostup.Lab.Tests.Images;

public sealed class KernelModulesTests
{
    [Fact]
    public void A_module_comes_after_all_it_needs_and_only_once()
    {
        var root = Directory.CreateTempSubdirectory("hostup-modules-");
        try
        {
            string folder = Directory.CreateDirectory(Path.Combine(root.FullName, "usr/lib/modules/6.1")).FullName;
            File.WriteAllText(Path.Combine(folder, "modules.dep"), """
                kernel/fat.ko:
                kernel/vfat.ko: kernel/fat.ko
                kernel/virtio_ring.ko: kernel/virtio.ko
                kernel/virtio.ko:
                kernel/virtio-blk.ko: kernel/virtio_ring.ko kernel/virtio.ko

                """);

            var order = KernelModules.Read(root.FullName).InLoadOrder(["virtio_blk", "ext4", "virtio", "vfat"]);

            Assert.Equal(["virtio.ko", "virtio_ring.ko", "virtio-blk.ko", "fat.ko", "vfat.ko"], order.Select(Path.GetFileName));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
