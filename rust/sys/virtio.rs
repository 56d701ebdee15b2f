// SPDX-License-Identifier: GPL-2.0

//! The virtio bus, for drivers of devices with one queue and a mount tag.
//!
//! A [`Driver`] keeps its state under the lock of the device's [`Ring`] and is told what happens:
//! a device appears, answers, is about to lose its queue, goes. Making and deleting the queue is
//! done here alone, so that it happens at the right time whatever the driver does.
//!
//! # Locking
//!
//! The device's own lock, then [`Handle::bound`], then whatever the driver takes in its callbacks,
//! then the ring.

use super::{
    fcall::Completed,
    vring::{
        Ring,
        Stop, //
    }, //
};
use crate::{
    bindings,
    request::Request, //
};
use core::{
    marker::PhantomData,
    mem::offset_of, //
};
use kernel::{
    device,
    device_id::{
        self,
        RawDeviceId, //
    },
    driver,
    error::{
        from_result,
        to_result, //
    },
    ffi::c_int,
    new_mutex,
    prelude::*,
    str::CString,
    sync::{
        aref::ARef,
        Arc,
        Mutex, //
    },
    types::Opaque,
    ThisModule, //
};

/// The number of 9P devices on the virtio bus.
pub(crate) const ID_9P: u32 = bindings::VIRTIO_ID_9P;

/// The longest mount tag in bytes.
///
/// Not longer: no transport of virtio maps more than a page of configuration, and with its NUL the
/// tag must fit into the one page of a file in sysfs.
const MAX_TAG: usize = 4096 - size_of::<u16>();

/// One kind of device that a driver knows.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct DeviceId(bindings::virtio_device_id);

impl DeviceId {
    /// Devices with this number, of any vendor.
    pub(crate) const fn new(device: u32) -> Self {
        Self(bindings::virtio_device_id {
            device,
            vendor: bindings::VIRTIO_DEV_ANY_ID,
        })
    }
}

// SAFETY: `DeviceId` is a transparent wrapper.
unsafe impl RawDeviceId for DeviceId {
    type RawType = bindings::virtio_device_id;
}

/// The devices that a driver knows, ended by an empty entry.
pub(crate) type IdTable = &'static dyn device_id::IdTable<DeviceId, ()>;

/// Defines an [`IdTable`] and makes the module load itself for its devices.
macro_rules! device_table {
    ($($table:tt)*) => {
        ::kernel::module_device_table!("virtio", $crate::sys::virtio::DeviceId, $($table)*);
    };
}
pub(crate) use device_table;

/// A driver of devices with one queue and a mount tag. A value of the type is one device.
pub(crate) trait Driver: Send + Sync + 'static {
    /// What the driver keeps under the lock of the ring.
    type State: Send + Unpin;

    /// The devices that the driver is for.
    const ID_TABLE: IdTable;

    /// The most requests that a device has at a time.
    const PLACES: usize;

    /// The state of a ring on which nothing has happened.
    fn state() -> Self::State;

    /// There is a new device, not ready yet.
    ///
    /// # Errors
    ///
    /// An error leaves the device without a driver.
    fn probe(handle: Arc<Handle<Self::State>>, tag: CString) -> Result<Arc<Self>>;

    /// The device is ready.
    ///
    /// # Errors
    ///
    /// An error leaves the device without a driver; [`gone`](Self::gone) is not called.
    fn ready(this: &Arc<Self>) -> Result;

    /// There are answers. Called in hard interrupt context, perhaps for nothing.
    fn answered(this: &Arc<Self>);

    /// The device is about to be reset: nothing may be put on its ring from now on.
    fn stopping(this: &Arc<Self>);

    /// The device was reset before it has answered `req`. There is no token if the request was
    /// given up before.
    fn unanswered(this: &Arc<Self>, req: Arc<Request>, done: Option<Completed>);

    /// The driver loses the device. Its ring has been stopped for good, or never been used.
    fn gone(this: &Arc<Self>);
}

/// A device, for those who may outlive it.
#[pin_data]
pub(crate) struct Handle<S> {
    dev: ARef<device::Device>,
    vdev: *mut bindings::virtio_device,
    /// Whether our driver has the device. Held while the ring is started or stopped.
    #[pin]
    bound: Mutex<bool>,
    #[pin]
    ring: Ring<S>,
}

// SAFETY: `vdev` contains `dev`, a reference that may be sent to any thread.
unsafe impl<S: Send> Send for Handle<S> {}

// SAFETY: `vdev` is used only under the lock of the device.
unsafe impl<S: Send> Sync for Handle<S> {}

impl<S: Send + Unpin> Handle<S> {
    /// The ring of the device.
    pub(crate) fn ring(&self) -> &Ring<S> {
        &self.ring
    }

    /// Resets the device and makes it ready again, if `needed` says so. Afterwards it touches no
    /// memory of ours. Does nothing if the device is gone.
    ///
    /// `needed` is asked when nobody else can reset the device.
    ///
    /// Context: process context; sleeps. Takes the lock of the device.
    ///
    /// # Errors
    ///
    /// What the device and its bus say if they can not be made ready again. The ring is stopped
    /// then.
    pub(crate) fn reset(&self, needed: impl FnOnce() -> bool) -> Result {
        // SAFETY: `self.dev` keeps the device alive.
        unsafe { bindings::p9rs_device_lock(self.raw()) };
        let bound = *self.bound.lock();
        let result = if bound && needed() {
            // SAFETY: under the lock of the device the driver stays bound, and nobody else resets
            // it but its bus, which the callbacks take into account.
            to_result(unsafe { bindings::virtio_device_reset_prepare(self.vdev) }).and_then(|()| {
                // SAFETY: as above.
                to_result(unsafe { bindings::virtio_device_reset_done(self.vdev) })
            })
        } else {
            Ok(())
        };
        // SAFETY: locked above.
        unsafe { bindings::p9rs_device_unlock(self.raw()) };
        result
    }

    /// Waits for a stop of the ring that is under way: [`Driver::unanswered`] has been called for
    /// all requests then.
    ///
    /// Context: process context; sleeps, and not below a callback of the driver.
    pub(crate) fn settle(&self) {
        drop(self.bound.lock());
    }

    /// The device as the driver core knows it.
    fn raw(&self) -> *mut bindings::device {
        // SAFETY: `self.dev` keeps the device alive.
        unsafe { &raw mut (*self.vdev).dev }
    }
}

/// The driver's data of one bound device.
///
/// # Invariants
///
/// The ring is stopped before this is dropped.
pub(crate) struct Bound<T: Driver> {
    handle: Arc<Handle<T::State>>,
    driver: Arc<T>,
    tag: CString,
}

impl<T: Driver> Bound<T> {
    /// Deletes the queue of the device, if it has one.
    ///
    /// # Safety
    ///
    /// The device must be bound and `handle.bound` locked. With [`Stop::AfterReset`] the device
    /// must have been reset since it was last ready.
    unsafe fn stop(&self, how: Stop) {
        T::stopping(&self.driver);
        // SAFETY: by the safety requirements; the mutex excludes others.
        unsafe {
            self.handle.ring.stop(self.handle.vdev, how, |req, done| {
                T::unanswered(&self.driver, req, done)
            })
        };
    }

    /// Makes the queue of the device and the device ready.
    ///
    /// # Safety
    ///
    /// The device must be bound, have been reset and have no queue, and `handle.bound` must be
    /// locked. The driver's data must be those of the device.
    unsafe fn start(&self) -> Result {
        // SAFETY: by the safety requirements; `used` finds the driver's data, and `remove` and
        // every other end of the device's readiness stop the ring.
        unsafe {
            self.handle
                .ring
                .start(self.handle.vdev, T::PLACES, Adapter::<T>::used)
        }
    }
}

/// `struct virtio_driver`.
#[repr(transparent)]
#[derive(Default)]
pub(crate) struct RawDriver(bindings::virtio_driver);

/// Brings together the bus and a [`Driver`].
pub(crate) struct Adapter<T: Driver>(PhantomData<T>);

/// A registered driver. It is unregistered, and all its devices unbound, when this is dropped.
pub(crate) type Registration<T> = driver::Registration<Adapter<T>>;

// SAFETY: `RawDriver` is `repr(transparent)` over a C structure with a `struct device_driver` at
// that offset, and `probe` sets the driver's data to a `Bound<T>`.
unsafe impl<T: Driver> driver::DriverLayout for Adapter<T> {
    type DriverType = RawDriver;
    type DriverData<'bound> = Bound<T>;
    const DEVICE_DRIVER_OFFSET: usize = offset_of!(bindings::virtio_driver, driver);
}

/// The features that the driver asks for.
static FEATURES: [u32; 1] = [bindings::VIRTIO_9P_MOUNT_TAG];

// SAFETY: `unregister` undoes a `register` that has succeeded.
unsafe impl<T: Driver> driver::RegistrationOps for Adapter<T> {
    unsafe fn register(
        reg: &Opaque<RawDriver>,
        name: &'static CStr,
        module: &'static ThisModule,
    ) -> Result {
        let driver = reg.get().cast::<bindings::virtio_driver>();
        // SAFETY: the structure is not registered yet, so it is ours.
        unsafe {
            (*driver).driver.name = name.as_char_ptr();
            (*driver).id_table = T::ID_TABLE.as_ptr();
            (*driver).feature_table = FEATURES.as_ptr();
            // CAST: a handful.
            (*driver).feature_table_size = FEATURES.len() as u32;
            (*driver).probe = Some(Self::probe);
            (*driver).remove = Some(Self::remove);
            (*driver).freeze = Some(Self::prepare);
            (*driver).restore = Some(Self::restart);
            (*driver).reset_prepare = Some(Self::prepare);
            (*driver).reset_done = Some(Self::restart);
        }
        // SAFETY: the caller keeps the structure where it is until `unregister`.
        to_result(unsafe { bindings::__register_virtio_driver(driver, module.as_ptr().cast()) })
    }

    unsafe fn unregister(reg: &Opaque<RawDriver>) {
        // SAFETY: by the safety requirements the driver is registered.
        unsafe { bindings::unregister_virtio_driver(reg.get().cast()) };
    }
}

impl<T: Driver> Adapter<T> {
    /// The device as the driver core knows it, while a callback of the bus runs.
    ///
    /// # Safety
    ///
    /// `vdev` must be the device for which the bus runs a callback, for `'a`.
    unsafe fn device<'a>(
        vdev: *mut bindings::virtio_device,
    ) -> &'a device::Device<device::CoreInternal<'a>> {
        // SAFETY: the device is valid by the safety requirements, and being bound or unbound.
        unsafe { device::Device::from_raw(&raw mut (*vdev).dev) }
    }

    /// The driver's data of a device.
    ///
    /// # Safety
    ///
    /// `vdev` must be the device for which the bus runs a callback, for `'a`, and its probe must
    /// have set the driver's data.
    unsafe fn bound<'a>(vdev: *mut bindings::virtio_device) -> &'a Bound<T> {
        // SAFETY: by the safety requirements; `probe` sets data of this type, and they stay until
        // the last callback, `remove`, has returned.
        unsafe { Self::device(vdev).drvdata_borrow::<Bound<T>>() }.get_ref()
    }

    /// Reads the mount tag: up to its first NUL, as all other users of the device do.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the device has no configuration or no tag, or one that is too long.
    /// - `ENOMEM` if there is no memory.
    ///
    /// # Safety
    ///
    /// `vdev` must be a device with its features negotiated.
    unsafe fn read_tag(vdev: *mut bindings::virtio_device) -> Result<CString> {
        // SAFETY: by the safety requirements.
        let has_tag = unsafe {
            bindings::p9rs_virtio_has_config(vdev)
                && bindings::p9rs_virtio_has_feature(vdev, bindings::VIRTIO_9P_MOUNT_TAG)
        };
        if !has_tag {
            pr_err!("a virtio device without a mount tag is of no use\n");
            return Err(EINVAL);
        }
        // SAFETY: by the safety requirements.
        let config = unsafe { bindings::p9rs_virtio_config_size(vdev) };
        let Some(room) = config.checked_sub(size_of::<u16>()) else {
            pr_err!("a virtio device without a configuration is of no use\n");
            return Err(EINVAL);
        };
        // SAFETY: the device has that much of a configuration.
        let len = usize::from(unsafe { bindings::p9rs_virtio_9p_tag_len(vdev) });
        if len > MAX_TAG.min(room) {
            pr_err!(
                "a virtio device with a mount tag of {} bytes is of no use\n",
                len
            );
            return Err(EINVAL);
        }
        // The last byte stays NUL.
        let mut tag = KVec::from_elem(0u8, len + 1, GFP_KERNEL)?;
        // SAFETY: the device has that much of a configuration, and `tag` has room for `len` bytes.
        unsafe { bindings::p9rs_virtio_9p_tag(vdev, tag.as_mut_ptr(), len) };
        let tag = CStr::from_bytes_until_nul(&tag).map_err(|_| EINVAL)?;
        Ok(CString::try_from(tag)?)
    }

    extern "C" fn probe(vdev: *mut bindings::virtio_device) -> c_int {
        from_result(|| {
            // SAFETY: the bus calls us with a new device, whose features are negotiated.
            let (dev, tag) = unsafe { (Self::device(vdev), Self::read_tag(vdev)?) };
            let handle = Arc::pin_init(
                try_pin_init!(Handle {
                    dev: ARef::from(&**dev),
                    vdev,
                    bound <- new_mutex!(false, "Handle::bound"),
                    ring <- Ring::new(T::state()),
                }),
                GFP_KERNEL,
            )?;
            let driver = T::probe(handle.clone(), CString::try_from(&*tag)?)?;
            dev.set_drvdata(Ok(Bound {
                handle,
                driver,
                tag,
            }))?;

            // SAFETY: the driver's data have just been set.
            let this = unsafe { Self::bound(vdev) };
            let mut bound = this.handle.bound.lock();
            // SAFETY: the device is new, and the mutex is locked.
            unsafe { this.start() }?;
            let ready = T::ready(&this.driver);
            let shown = ready.and_then(|()| {
                // SAFETY: the device is ours, and `tag` lives as long as it is bound.
                to_result(unsafe { bindings::p9rs_virtio_show_tag(vdev, this.tag.as_char_ptr()) })
            });
            if let Err(err) = shown {
                // INVARIANT: the driver core drops the data next.
                // SAFETY: the device is bound, and the mutex is locked.
                unsafe { this.stop(Stop::Reset) };
                if ready.is_ok() {
                    T::gone(&this.driver);
                }
                return Err(err);
            }
            *bound = true;
            drop(bound);
            // For udev rules that look at the tag.
            // SAFETY: the device is valid.
            unsafe { bindings::p9rs_virtio_changed(vdev) };
            Ok(0)
        })
    }

    extern "C" fn remove(vdev: *mut bindings::virtio_device) {
        // SAFETY: the bus calls us with a device whose probe has succeeded.
        let this = unsafe { Self::bound(vdev) };
        // SAFETY: the file was made by `probe`.
        unsafe { bindings::p9rs_virtio_hide_tag(vdev) };
        let mut bound = this.handle.bound.lock();
        *bound = false;
        // INVARIANT: the driver core drops the data next, and nobody starts the ring again.
        // SAFETY: the device is still bound, and the mutex is locked.
        unsafe { this.stop(Stop::Reset) };
        // The bus wants the device reset, also if it has no queue since it could not be restarted.
        // SAFETY: the device is valid and has no queue.
        unsafe { bindings::virtio_reset_device(vdev) };
        drop(bound);
        T::gone(&this.driver);
        // SAFETY: the device is valid.
        unsafe { bindings::p9rs_virtio_changed(vdev) };
    }

    /// The device is about to be reset, or to lose its power: stops the ring.
    extern "C" fn prepare(vdev: *mut bindings::virtio_device) -> c_int {
        // SAFETY: the bus calls us with a device that is bound.
        let this = unsafe { Self::bound(vdev) };
        let bound = this.handle.bound.lock();
        if *bound {
            // SAFETY: the device is bound, and the mutex is locked.
            unsafe { this.stop(Stop::Reset) };
        }
        0
    }

    /// The device was reset: starts the ring.
    extern "C" fn restart(vdev: *mut bindings::virtio_device) -> c_int {
        from_result(|| {
            // SAFETY: the bus calls us with a device that is bound.
            let this = unsafe { Self::bound(vdev) };
            let bound = this.handle.bound.lock();
            if *bound {
                // Another reset may have come between, and have started the ring.
                // SAFETY: the device is bound, was reset by the bus, and the mutex is locked.
                unsafe { this.stop(Stop::AfterReset) };
                // SAFETY: the device was reset by the bus and has no queue.
                unsafe { this.start() }?;
            }
            Ok(0)
        })
    }

    /// The device has used descriptors.
    ///
    /// # Safety
    ///
    /// `vq` must be a virtqueue of a device that is bound and has the driver's data.
    unsafe extern "C" fn used(vq: *mut bindings::virtqueue) {
        // SAFETY: by the safety requirement.
        let this = unsafe { Self::bound((*vq).vdev) };
        T::answered(&this.driver);
    }
}
